package httpx

import (
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/schemas"
)

func TestSessionCookieCountsOnlyForPagesOfTheOwnHost(t *testing.T) {
	t.Parallel()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	id := schemas.NewID()
	token, _, err := auth.NewSigner(key).Player(id, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	e := New(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	g := e.Group("/", Authenticate(auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now)))
	who := func(c *gin.Context) { c.String(http.StatusOK, PlayerID(c)+" "+Token(c)) }
	g.GET("/who", who)
	g.POST("/who", who)
	for _, c := range []struct {
		method, site, origin, host string
		counts                     bool
	}{
		{"GET", "same-origin", "", "chess.example", true},
		{"GET", "none", "", "chess.example", true}, // typed
		{"GET", "", "", "chess.example", true},     // plain HTTP: no Fetch Metadata, and the answer cannot be read by others
		{"GET", "same-site", "", "chess.example", false},
		{"GET", "cross-site", "", "chess.example", false},
		{"GET", "", "http://chess.example", "chess.example", true}, // a socket
		{"GET", "", "http://chess.example:81", "chess.example", false},
		{"GET", "same-site", "http://chess.example", "chess.example", false},
		{"POST", "same-origin", "https://chess.example", "chess.example", true},
		{"POST", "", "http://127.0.0.1:8080", "127.0.0.1:8080", true},
		{"POST", "same-site", "http://127.0.0.1:3000", "127.0.0.1:8080", false},
		{"POST", "", "http://127.0.0.1:3000", "127.0.0.1:8080", false},
		{"POST", "", "null", "chess.example", false},
		{"POST", "", "", "chess.example", false},
		{"POST", "none", "", "chess.example", false},
	} {
		r := httptest.NewRequest(c.method, "/who", nil)
		r.Host = c.host
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: token}) //nolint:gosec // as a browser sends it
		for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		want := " "
		if c.counts {
			want = id + " " + token
		}
		if w.Body.String() != want {
			t.Errorf("%+v: player %.40q", c, w.Body)
		}
		if c.counts && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%+v may be stored", c)
		}
	}
}

func TestCookieThatIsNotValidIsDroppedAndTheRequestGoesOn(t *testing.T) {
	t.Parallel()
	e, player, _, expired, _ := serve(t)
	for _, c := range []struct {
		cookie, header string
		status         int
		drops          bool
	}{
		{player, "", http.StatusOK, false},
		{expired, "", http.StatusUnauthorized, true},
		{"x", "", http.StatusUnauthorized, true},
		{player, "Bearer x", http.StatusUnauthorized, false}, // the header decides
	} {
		r := httptest.NewRequest("GET", "/player", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: c.cookie}) //nolint:gosec // as a browser sends it
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		set := w.Result().Cookies()
		if drops := len(set) == 1 && set[0].MaxAge < 0; w.Code != c.status || drops != c.drops {
			t.Errorf("%.10s %s: %d, cookies %v", c.cookie, c.header, w.Code, set)
		}
	}
}

func TestSessionCookieIsOutOfReachOfScriptsAndOtherSites(t *testing.T) {
	t.Parallel()
	for origin, secure := range map[string]bool{"": false, "http://chess.example": false, "https://chess.example": true} {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest("POST", "/", nil)
		if origin != "" {
			c.Request.Header.Set("Origin", origin)
		}
		SetSessionCookie(c, "token", time.Now().Add(time.Hour))
		cookie := w.Result().Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Secure != secure || cookie.MaxAge < 3590 || cookie.MaxAge > 3600 {
			t.Errorf("origin %q: %+v", origin, cookie)
		}
	}
}
