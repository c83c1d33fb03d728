// Package httpx is what the four services share of HTTP: the engine with its
// limits, problem documents (RFC 9457), strict JSON bodies, tokens and
// idempotency keys, health and metrics.
package httpx

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/schemas"
)

// Problem is the body of every error answer: application/problem+json.
type Problem struct {
	Type   string       `json:"type"` // always about:blank: the code is what is stable
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Code   schemas.Code `json:"code"`
	Detail string       `json:"detail,omitempty"`
	// RequestID is the answer's X-Request-Id, for whoever reads the logs.
	RequestID string `json:"requestId,omitempty"`
}

// statuses is the one table from code to HTTP status.
var statuses = map[schemas.Code]int{
	schemas.CodeGameNotFound:       http.StatusNotFound,
	schemas.CodeGameExists:         http.StatusConflict,
	schemas.CodeGameOver:           http.StatusConflict,
	schemas.CodeNotAPlayer:         http.StatusForbidden,
	schemas.CodeNotYourTurn:        http.StatusConflict,
	schemas.CodeIllegalMove:        http.StatusUnprocessableEntity,
	schemas.CodeMalformedMove:      http.StatusBadRequest,
	schemas.CodeWrongPly:           http.StatusConflict,
	schemas.CodeTooLateToAbort:     http.StatusConflict,
	schemas.CodeNoDrawOffer:        http.StatusConflict,
	schemas.CodeDrawOfferPending:   http.StatusConflict,
	schemas.CodeDrawOfferTooSoon:   http.StatusConflict,
	schemas.CodeKeyReused:          http.StatusUnprocessableEntity,
	schemas.CodeKeyExpired:         http.StatusUnprocessableEntity,
	schemas.CodeSamePlayer:         http.StatusUnprocessableEntity,
	schemas.CodeInvalidTimeControl: http.StatusUnprocessableEntity,
	schemas.CodeInvalidFEN:         http.StatusUnprocessableEntity,
	schemas.CodeNoDrawToClaim:      http.StatusConflict,

	schemas.CodeNothingToTakeBack:     http.StatusConflict,
	schemas.CodeNoTakebackOffer:       http.StatusConflict,
	schemas.CodeTakebackOfferPending:  http.StatusConflict,
	schemas.CodeTakebackOfferTooSoon:  http.StatusConflict,
	schemas.CodeTooManyTakebackOffers: http.StatusConflict,
	schemas.CodeClockNotRunning:       http.StatusConflict,
	schemas.CodeTooMuchTime:           http.StatusConflict,
	schemas.CodeOpponentPresent:       http.StatusConflict,
	schemas.CodeTooEarlyToClaim:       http.StatusConflict,
	schemas.CodeYourTurn:              http.StatusConflict,
	schemas.CodeClaimantGone:          http.StatusConflict,
	schemas.CodeGameNotOver:           http.StatusConflict,
	schemas.CodeNoRematch:             http.StatusConflict,
	schemas.CodeNoRematchOffer:        http.StatusConflict,
	schemas.CodeRematchOffered:        http.StatusConflict,
	schemas.CodeRematchAccepted:       http.StatusConflict,

	schemas.CodePlayerNotFound: http.StatusNotFound,
	schemas.CodePlayerExists:   http.StatusConflict,
	schemas.CodePlayerClosed:   http.StatusConflict,
	schemas.CodeAlreadyQueued:  http.StatusConflict,
	schemas.CodeAlreadyPlaying: http.StatusConflict,
	schemas.CodeNotQueued:      http.StatusConflict,
	schemas.CodeAlreadyMatched: http.StatusConflict,
	schemas.CodeQueueFull:      http.StatusConflict,
	schemas.CodeQueueNotFound:  http.StatusNotFound,
	schemas.CodeNotAccepted:    http.StatusConflict,

	schemas.CodeMalformedJSON:        http.StatusBadRequest,
	schemas.CodeUnknownField:         http.StatusBadRequest,
	schemas.CodeInvalidField:         http.StatusUnprocessableEntity,
	schemas.CodeBodyTooLarge:         http.StatusRequestEntityTooLarge,
	schemas.CodeUnsupportedMediaType: http.StatusUnsupportedMediaType,
	schemas.CodeNotAcceptable:        http.StatusNotAcceptable,
	schemas.CodeUpgradeRequired:      http.StatusUpgradeRequired,
	schemas.CodeUnauthenticated:      http.StatusUnauthorized,
	schemas.CodeTokenExpired:         http.StatusUnauthorized,
	schemas.CodeForbidden:            http.StatusForbidden,
	schemas.CodeNotFound:             http.StatusNotFound,
	schemas.CodeMethodNotAllowed:     http.StatusMethodNotAllowed,
	schemas.CodeHandleTaken:          http.StatusConflict,
	schemas.CodeEmailTaken:           http.StatusConflict,
	schemas.CodeWrongCredentials:     http.StatusUnauthorized,
	schemas.CodeInvalidCursor:        http.StatusBadRequest,
	schemas.CodeInvalidIdempotency:   http.StatusBadRequest,
	schemas.CodeUnknownRegion:        http.StatusUnprocessableEntity,
	schemas.CodeRateLimited:          http.StatusTooManyRequests,
	schemas.CodeTooManyConnections:   http.StatusServiceUnavailable,
	schemas.CodeUnavailable:          http.StatusServiceUnavailable,
	schemas.CodeOutcomeUnknown:       http.StatusServiceUnavailable,
	schemas.CodeInternal:             http.StatusInternalServerError,
}

// retryAfter is what a client is told to wait where trying again can help.
const retryAfter = time.Second

// Status is the HTTP status of a code.
func Status(code schemas.Code) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Fail answers with the code's problem document and ends the request.
func Fail(c *gin.Context, code schemas.Code, detail string) {
	status := Status(code)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		c.Header("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	if status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="tabiya"`)
	}
	body, err := json.Marshal(Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: code, Detail: detail, RequestID: RequestID(c),
	})
	if err != nil {
		panic(err) // strings and an int always encode
	}
	c.Abort()
	c.Data(status, "application/problem+json", body)
}

// FailErr logs what went wrong inside and answers 500 without saying it.
func FailErr(c *gin.Context, logger *slog.Logger, err error) {
	logger.Error("request failed", "err", err, "method", c.Request.Method, "route", c.FullPath(), "request_id", RequestID(c))
	Fail(c, schemas.CodeInternal, "")
}
