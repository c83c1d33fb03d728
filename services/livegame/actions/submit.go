package actions

import (
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame/limits"
	"tabiya/services/livegame/pending"
)

// Values of the label why of Handler.Unsent.
const (
	unsentInFlight = "in_flight"
	unsentHopeless = "hopeless"
	unsentUnlikely = "unlikely"
)

// Submit sends a player's command, unless it is certain or very likely that it cannot
// succeed, and calls done once with its outcome. done must not block. content is what a
// repeat of the command must match.
func (h *Handler) Submit(by *limits.Player, cmd schemas.Command, content string, done func(pending.Outcome)) {
	if !by.Begin() {
		h.Unsent.WithLabelValues(unsentInFlight).Inc()
		done(pending.Refused(schemas.CodeRateLimited, "wait for the answers to your other commands"))
		return
	}
	ended := func(o pending.Outcome) {
		by.End(isVerdict(o.Code), time.Now())
		done(o)
	}
	if code, detail := h.foresee(by, cmd); code != "" {
		ended(pending.Refused(code, detail))
		return
	}
	h.Commands.Send(cmd, content, ended)
}

// isVerdict reports whether a code says that the command could not succeed, and not that
// it may be sent again.
func isVerdict(code schemas.Code) bool {
	return code != "" && httpx.Status(code) < 500 && code != schemas.CodeRateLimited
}

// foresee returns the code and detail of a refusal before Kafka, or "" if the command
// must be sent. Only what no event can change is refused as the processor would. What
// this instance's state has against a command may be out of date, because another
// instance may have read more. So such a command is sent, unless the player has had too
// many refusals; then the answer is that they are too fast, which is no verdict: the same
// command may be sent again. A command whose id is known is always sent (ADR 29).
func (h *Handler) foresee(by *limits.Player, cmd schemas.Command) (schemas.Code, string) {
	if h.Availability.WhyNoCommands() != "" || h.Commands.Knows(cmd.Key, cmd.ID) {
		return "", ""
	}
	state := h.Games.State(cmd.Key)
	if state != nil {
		if state.Repeat(cmd) != nil {
			return "", ""
		}
		if r := state.Hopeless(cmd); r != nil {
			h.Unsent.WithLabelValues(unsentHopeless).Inc()
			return r.Code, r.Detail
		}
	}
	now := time.Now()
	if by.Trusted(now) {
		return "", ""
	}
	if state != nil {
		if _, _, refusal := game.Decide(state, cmd, max(state.UpdatedAt, schemas.TimeOf(now))); refusal == nil {
			return "", ""
		}
	}
	h.Unsent.WithLabelValues(unsentUnlikely).Inc()
	return schemas.CodeRateLimited, "too many of your commands were refused, and this one would be too: slower"
}
