package account

import (
	"context"
	"errors"

	"tabiya/internal/core/player"
)

// errBehind says that the log knows a later state of the account: an older dump of the
// database was restored.
var errBehind = errors.New("the account is older in the database than in the log, until an operator has restored it")

// notBehind returns errBehind if the log has a later change of the account, or its end. A
// change would get a revision that the players processor takes for a repeat and drops,
// though it was answered; and the password in the dump would open a closed account. a is as it was read from the database.
func (s *Service) notBehind(ctx context.Context, a account) error {
	if !s.cfg.Players.Ready() {
		return errPlayersUnread
	}
	row, known := s.cfg.Players.Get(a.ID)
	if !known || !a.isBehind(row) {
		return nil
	}
	// It may have been changed after it was read; then row is as new as the database.
	now, err := s.accounts.ByID(ctx, a.ID)
	if err != nil || !now.isBehind(row) {
		return err
	}
	s.behind.Inc()
	s.cfg.Logger.Warn("the log has a later state of an account: run tabiya accounts restore", "player_id", a.ID)
	return errBehind
}

func (a account) isBehind(row *player.State) bool {
	return row.Revision > a.Revision || (row.Closed && !a.Closed)
}
