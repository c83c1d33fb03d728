package httpx

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

// Bind decodes the JSON body into v. If the content type is wrong, or if the body is too
// large or is not what DecodeStrict accepts, it answers with a problem document and
// returns false.
func Bind(c *gin.Context, v any) bool {
	media, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/json" || !strings.EqualFold(cmp.Or(params["charset"], "utf-8"), "utf-8") {
		Fail(c, schemas.CodeUnsupportedMediaType, "send application/json in UTF-8")
		return false
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			Fail(c, schemas.CodeBodyTooLarge, fmt.Sprintf("the limit is %d bytes", MaxBody))
			return false
		}
		Fail(c, schemas.CodeMalformedJSON, "the body is incomplete")
		return false
	}
	if code, err := DecodeStrict(body, v); err != nil {
		Fail(c, code, err.Error())
		return false
	}
	return true
}

// BindNothing is Bind for a request without fields: it accepts no body or an empty
// object.
func BindNothing(c *gin.Context) bool {
	return c.Request.ContentLength == 0 || Bind(c, &struct{}{})
}

// DecodeStrict decodes exactly one JSON value into v. It rejects fields that v does not
// have, fields that occur twice, names in another case than v's, and null: an absent
// field is left out. The code goes with the error.
func DecodeStrict(body []byte, v any) (schemas.Code, error) {
	err := json.Unmarshal(body, v, json.RejectUnknownMembers(true))
	var wrong *json.SemanticError
	switch {
	case err == nil:
		return refuseNull(body)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return schemas.CodeMalformedJSON, errors.New("a field occurs twice")
	case !jsontext.Value(body).IsValid(): // even if err is about something before the malformed part
		return schemas.CodeMalformedJSON, errors.New("the body is not one JSON value in UTF-8")
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &wrong):
		return schemas.CodeUnknownField, fmt.Errorf("unknown field %.100q", wrong.JSONPointer.LastToken())
	case errors.As(err, &wrong):
		return schemas.CodeInvalidField, fmt.Errorf("%.100s has the wrong type", cmp.Or(string(wrong.JSONPointer), "the body"))
	}
	return schemas.CodeMalformedJSON, errors.New("the body is not one JSON value in UTF-8")
}

// refuseNull finds a null in valid JSON. Unmarshal accepts one for any type and sets
// nothing, as if the field were not there.
func refuseNull(body []byte) (schemas.Code, error) {
	if !bytes.Contains(body, []byte("null")) {
		return "", nil
	}
	for d := jsontext.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.ReadToken()
		if err != nil {
			return "", nil //nolint:nilerr // the end, or malformed JSON, which the decoder refuses
		}
		if token.Kind() == 'n' {
			return schemas.CodeInvalidField, fmt.Errorf("%.100s must not be null", cmp.Or(string(d.StackPointer()), "the body"))
		}
	}
}

const (
	principalKey = "tabiya.principal"
	tokenKey     = "tabiya.token"
	verifierKey  = "tabiya.verifier"
	cookieKey    = "tabiya.cookie"
)

// Authenticate verifies the bearer token of a request, if there is one, and answers with
// a problem document if it is not valid. Without one it takes the session cookie. Routes
// that need a token add RequirePlayer or RequireService.
func Authenticate(verifier *auth.Verifier) gin.HandlerFunc {
	return func(c *gin.Context) {
		header := c.GetHeader("Authorization")
		if header == "" {
			authenticateCookie(c, verifier)
			return
		}
		noStore(c)
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			Fail(c, schemas.CodeUnauthenticated, "send Authorization: Bearer <token>")
			return
		}
		AuthenticateToken(c, verifier, token)
	}
}

// AuthenticateToken is Authenticate for a token from elsewhere, such as a socket's query
// parameter. It returns false if it has answered with a problem document.
func AuthenticateToken(c *gin.Context, verifier *auth.Verifier, token string) bool {
	noStore(c)
	who, err := verifier.Verify(token)
	switch {
	case errors.Is(err, auth.ErrExpired):
		Fail(c, schemas.CodeTokenExpired, "sign in again")
		return false
	case errors.Is(err, auth.ErrEnded):
		Fail(c, schemas.CodeSessionEnded, "sign in again")
		return false
	case errors.Is(err, auth.ErrLoading):
		Fail(c, schemas.CodeUnavailable, err.Error())
		return false
	case err != nil:
		Fail(c, schemas.CodeUnauthenticated, "the token is not valid")
		return false
	}
	setPrincipal(c, verifier, token, who)
	return true
}

func setPrincipal(c *gin.Context, verifier *auth.Verifier, token string, who auth.Principal) {
	c.Set(principalKey, who)
	c.Set(tokenKey, token)
	c.Set(verifierKey, verifier)
}

// Token returns the token that the request was authenticated with, or "".
func Token(c *gin.Context) string { return c.GetString(tokenKey) }

// OnSessionEnd calls fn, which must not block, if the session of the request's token ends
// before the request does, except by expiring.
func OnSessionEnd(c *gin.Context, fn func()) {
	who, ok := Principal(c)
	v, _ := c.Get(verifierKey)
	if verifier, verified := v.(*auth.Verifier); ok && verified {
		context.AfterFunc(c.Request.Context(), verifier.Watch(who, fn))
	}
}

// noStore keeps caches from storing what may be for the holder of a token alone.
func noStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// Principal returns the holder of the request's token. ok is false without a token.
func Principal(c *gin.Context) (who auth.Principal, ok bool) {
	v, _ := c.Get(principalKey)
	who, ok = v.(auth.Principal)
	return who, ok
}

// PlayerID returns the id of the player who sent the request. It is for routes with
// RequirePlayer.
func PlayerID(c *gin.Context) string {
	who, _ := Principal(c)
	return who.PlayerID
}

// RequirePlayer rejects requests without a player's token.
func RequirePlayer(c *gin.Context) {
	who, ok := Principal(c)
	switch {
	case !ok:
		Fail(c, schemas.CodeUnauthenticated, "this needs a player's token")
	case who.PlayerID == "":
		Fail(c, schemas.CodeForbidden, "this needs a player's token, not a service's")
	}
}

// RequireService rejects requests without a service token.
func RequireService(c *gin.Context) {
	who, ok := Principal(c)
	switch {
	case !ok:
		Fail(c, schemas.CodeUnauthenticated, "this needs a service token")
	case who.Service == "":
		Fail(c, schemas.CodeForbidden, "this needs a service token, not a player's")
	}
}

// MaxIdempotencyKey is the maximum length of an Idempotency-Key or a clientMoveId, in
// bytes.
const MaxIdempotencyKey = 128

// CommandID returns the command id for the request's Idempotency-Key header, or a new id
// without the header. If the key is malformed, it answers with a problem document and ok
// is false.
func CommandID(c *gin.Context, actor string) (id string, ok bool) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return schemas.NewID(), true
	}
	if len(values) > 1 || !ValidIdempotencyKey(values[0]) {
		Fail(c, schemas.CodeInvalidIdempotency, fmt.Sprintf("send one Idempotency-Key of 1 to %d visible ASCII characters", MaxIdempotencyKey))
		return "", false
	}
	return schemas.CommandID(actor, values[0]), true
}

// ValidIdempotencyKey reports whether key is 1 to MaxIdempotencyKey visible
// ASCII characters.
func ValidIdempotencyKey(key string) bool {
	if key == "" || len(key) > MaxIdempotencyKey {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}
