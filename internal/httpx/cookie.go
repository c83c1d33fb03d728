package httpx

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

// sessionCookie holds the token of a browser that signed in with "session=cookie".
const sessionCookie = "tabiya_session"

// SetSessionCookie gives the browser the token in a cookie, which no script can read
// and which is sent only with requests of this site's own pages. The browser drops it
// when the token expires.
func SetSessionCookie(c *gin.Context, token string, expires time.Time) {
	setCookie(c, token, max(1, int(time.Until(expires).Seconds())))
}

// ClearSessionCookie makes the browser drop the token.
func ClearSessionCookie(c *gin.Context) { setCookie(c, "", -1) }

func setCookie(c *gin.Context, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure follows the page's scheme
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		// Behind a proxy that ends TLS only the page's origin tells that there is TLS.
		Secure: c.Request.TLS != nil || strings.HasPrefix(c.GetHeader("Origin"), "https://"),
	})
}

// ByCookie reports whether the request was authenticated by the session cookie.
func ByCookie(c *gin.Context) bool { return c.GetBool(cookieKey) }

// authenticateCookie takes the token of the session cookie, if the request has one and
// comes from a page of this host. A cookie whose token is not valid any more is
// dropped, and the request goes on without one: public pages stay readable.
func authenticateCookie(c *gin.Context, verifier *auth.Verifier) {
	cookie, err := c.Request.Cookie(sessionCookie)
	if err != nil || cookie.Value == "" || !fromOwnPage(c.Request) {
		return
	}
	noStore(c)
	who, err := verifier.Verify(cookie.Value)
	switch {
	case errors.Is(err, auth.ErrLoading):
		Fail(c, schemas.CodeUnavailable, err.Error())
	case err != nil:
		ClearSessionCookie(c)
	default:
		setPrincipal(c, verifier, cookie.Value, who)
		c.Set(cookieKey, true)
	}
}

// fromOwnPage reports whether a request that carries a cookie was made by a page of
// this host, or by somebody who typed its address. SameSite=Strict is not enough: a
// site includes other ports and subdomains. The headers are set by browsers alone
// (Fetch Metadata; Origin in the Fetch standard).
func fromOwnPage(r *http.Request) bool {
	changesNothing := r.Method == http.MethodGet || r.Method == http.MethodHead
	origins, site := r.Header.Values("Origin"), r.Header.Get("Sec-Fetch-Site")
	if len(origins) > 0 {
		u, err := url.Parse(origins[0])
		if len(origins) > 1 || err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
		return site == "" || site == "same-origin"
	}
	return site == "same-origin" || (changesNothing && (site == "" || site == "none"))
}
