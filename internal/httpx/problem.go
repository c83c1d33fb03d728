// Package httpx is the HTTP code that the four services share: the engine with its
// limits, problem documents (RFC 9457), strict JSON bodies, authentication, idempotency
// keys, health checks and metrics.
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

// Problem is the body of every error response, as application/problem+json (RFC 9457).
type Problem struct {
	Type   string       `json:"type"` // always about:blank; clients should use Code
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Code   schemas.Code `json:"code"`
	Detail string       `json:"detail,omitempty"`
	// RequestID is the response's X-Request-Id, to find the request in the logs.
	RequestID string `json:"requestId,omitempty"`
}

// statuses maps every code to its HTTP status.
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
	schemas.CodeJoinTooSoon:    http.StatusTooManyRequests,
	schemas.CodeNotQueued:      http.StatusConflict,
	schemas.CodeAlreadyMatched: http.StatusConflict,
	schemas.CodeQueueFull:      http.StatusConflict,
	schemas.CodeQueueNotFound:  http.StatusNotFound,
	schemas.CodeNotAccepted:    http.StatusConflict,
	schemas.CodeQuarantined:    http.StatusInternalServerError,
	schemas.CodeNotQuarantined: http.StatusConflict,

	schemas.CodeMalformedJSON:        http.StatusBadRequest,
	schemas.CodeUnknownField:         http.StatusBadRequest,
	schemas.CodeInvalidField:         http.StatusUnprocessableEntity,
	schemas.CodeBodyTooLarge:         http.StatusRequestEntityTooLarge,
	schemas.CodeUnsupportedMediaType: http.StatusUnsupportedMediaType,
	schemas.CodeNotAcceptable:        http.StatusNotAcceptable,
	schemas.CodeUpgradeRequired:      http.StatusUpgradeRequired,
	schemas.CodeUnauthenticated:      http.StatusUnauthorized,
	schemas.CodeTokenExpired:         http.StatusUnauthorized,
	schemas.CodeSessionEnded:         http.StatusUnauthorized,
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

// retryAfter is the Retry-After of the responses 429 and 503.
const retryAfter = time.Second

// Status returns the HTTP status of a code, or 500 for an unknown one.
func Status(code schemas.Code) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Known reports whether the code is one of schemas. The code of a record may be from a
// newer version.
func Known(code schemas.Code) bool {
	_, ok := statuses[code]
	return ok
}

// Fail answers with a problem document for the code and aborts the request.
func Fail(c *gin.Context, code schemas.Code, detail string) {
	status := Status(code)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		if c.Writer.Header().Get("Retry-After") == "" { // the caller may know better
			c.Header("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		}
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

// FailErr logs an internal error and answers with status 500 without its text.
func FailErr(c *gin.Context, logger *slog.Logger, err error) {
	logger.Error("request failed", "err", err, "method", c.Request.Method, "route", c.FullPath(), "request_id", RequestID(c))
	Fail(c, schemas.CodeInternal, "")
}
