package schemas

// Code is the stable reason of an error: the `code` of a problem document and of a
// CommandRejected. New codes may be added; none is ever renamed.
type Code string

// Refusals of the processors.
const (
	CodeGameNotFound       Code = "game_not_found"
	CodeGameExists         Code = "game_exists"
	CodeGameOver           Code = "game_over"
	CodeNotAPlayer         Code = "not_a_player"
	CodeNotYourTurn        Code = "not_your_turn"
	CodeIllegalMove        Code = "illegal_move"
	CodeMalformedMove      Code = "malformed_move"
	CodeWrongPly           Code = "wrong_ply"
	CodeTooLateToAbort     Code = "too_late_to_abort"
	CodeNoDrawOffer        Code = "no_draw_offer"
	CodeDrawOfferPending   Code = "draw_offer_pending"
	CodeDrawOfferTooSoon   Code = "draw_offer_too_soon"
	CodeKeyReused          Code = "idempotency_key_reused"
	CodeKeyExpired         Code = "idempotency_key_expired"
	CodeSamePlayer         Code = "same_player"
	CodeInvalidTimeControl Code = "invalid_time_control"
	CodeInvalidFEN         Code = "invalid_fen" // in a starting position; the detail says why
	CodeNoDrawToClaim      Code = "no_draw_to_claim"

	CodeNothingToTakeBack     Code = "nothing_to_take_back"
	CodeNoTakebackOffer       Code = "no_takeback_offer"
	CodeTakebackOfferPending  Code = "takeback_offer_pending"
	CodeTakebackOfferTooSoon  Code = "takeback_offer_too_soon" // at most one offer between two moves
	CodeTooManyTakebackOffers Code = "too_many_takeback_offers"
	CodeClockNotRunning       Code = "clock_not_running" // time cannot be added before each side has moved
	CodeTooMuchTime           Code = "too_much_time"
	CodeOpponentPresent       Code = "opponent_present"
	CodeTooEarlyToClaim       Code = "too_early_to_claim" // the detail says how many seconds remain
	CodeYourTurn              Code = "your_turn"          // a claim must wait until it is the opponent's turn
	CodeClaimantGone          Code = "claimant_gone"
	CodeGameNotOver           Code = "game_not_over"
	CodeNoRematch             Code = "no_rematch" // an aborted game has none
	CodeNoRematchOffer        Code = "no_rematch_offer"
	CodeRematchOffered        Code = "rematch_offered"  // this side has offered one before
	CodeRematchAccepted       Code = "rematch_accepted" // the rematch was accepted before

	CodePlayerNotFound Code = "player_not_found"
	CodePlayerExists   Code = "player_exists"
	CodePlayerClosed   Code = "player_closed"
	CodeAlreadyQueued  Code = "already_queued"
	CodeAlreadyPlaying Code = "already_playing"
	CodeJoinTooSoon    Code = "join_too_soon" // after games that the player did not begin; the detail says how long to wait
	CodeNotQueued      Code = "not_queued"
	CodeAlreadyMatched Code = "already_matched"
	CodeQueueFull      Code = "queue_full"
	CodeQueueNotFound  Code = "queue_not_found"

	// CodeNotAccepted answers a refused command that is replayed after a crash. It
	// stays refused, but the reason is no longer known.
	CodeNotAccepted Code = "not_accepted"

	// CodeQuarantined answers every command for a key whose row cannot be read,
	// until an operator has repaired the row.
	CodeQuarantined Code = "quarantined"
	// CodeNotQuarantined answers a RepairRow for a key whose row can be read.
	CodeNotQuarantined Code = "not_quarantined"
)

// Refusals of the services.
const (
	CodeMalformedJSON        Code = "malformed_json"
	CodeUnknownField         Code = "unknown_field"
	CodeInvalidField         Code = "invalid_field"
	CodeBodyTooLarge         Code = "body_too_large"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeNotAcceptable        Code = "not_acceptable"
	CodeUpgradeRequired      Code = "upgrade_required"
	CodeUnauthenticated      Code = "unauthenticated"
	CodeTokenExpired         Code = "token_expired"
	CodeSessionEnded         Code = "session_ended"
	CodeForbidden            Code = "forbidden"
	CodeNotFound             Code = "not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeHandleTaken          Code = "handle_taken"
	CodeEmailTaken           Code = "email_taken"
	CodeWrongCredentials     Code = "wrong_credentials"
	CodeInvalidCursor        Code = "invalid_cursor"
	CodeInvalidIdempotency   Code = "invalid_idempotency_key"
	CodeUnknownRegion        Code = "unknown_region"
	CodeRateLimited          Code = "rate_limited"
	CodeTooManyConnections   Code = "too_many_connections"
	CodeUnavailable          Code = "unavailable"     // a dependency does not answer: try again after Retry-After
	CodeOutcomeUnknown       Code = "outcome_unknown" // no answer in time: repeat the request with the same Idempotency-Key
	CodeInternal             Code = "internal"
)
