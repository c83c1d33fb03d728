package account

import (
	"net/http"
	"testing"
)

func TestSignInByCookieKeepsTheTokenFromScripts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var s session
	var cookie *http.Cookie
	body := `{"handle":"browser","password":"password one"}`
	for _, path := range []string{"/v1/accounts?session=cookie", "/v1/sessions?session=cookie"} {
		s = session{}
		answer := r.request("POST", path, "", body, &s)
		cookies := answer.Cookies()
		if answer.StatusCode != http.StatusCreated || s.Token != "" || s.Account.Handle != "browser" || len(cookies) != 1 || !cookies[0].HttpOnly {
			t.Fatalf("%s: %d %+v, cookies %v", path, answer.StatusCode, s, cookies)
		}
		cookie = cookies[0]
		var me accountView
		mine := r.request("GET", "/v1/accounts/me", "", "", &me, "Cookie", cookies[0].Name+"="+cookies[0].Value)
		if mine.StatusCode != http.StatusOK || me.Handle != "browser" {
			t.Errorf("with the cookie: %d %+v", mine.StatusCode, me)
		}
	}
	renewed := r.changePasswordByCookie(cookie)
	r.wantSignedIn(cookie, false)
	cookie = renewed
	answer := r.request("DELETE", "/v1/sessions/current", "", "", nil, "Cookie", cookie.Name+"="+cookie.Value, "Origin", r.server.URL)
	if cookies := answer.Cookies(); answer.StatusCode != http.StatusNoContent || len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("signing out: %d, cookies %v", answer.StatusCode, cookies)
	}
}

// changePasswordByCookie changes a browser's password and returns its new cookie.
func (r *rig) changePasswordByCookie(cookie *http.Cookie) *http.Cookie {
	r.t.Helper()
	var changed changedAccount
	answer := r.request("PATCH", "/v1/accounts/me", "", `{"password":"password two","currentPassword":"password one"}`, &changed,
		"Cookie", cookie.Name+"="+cookie.Value, "Origin", r.server.URL)
	cookies := answer.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].MaxAge <= 0 || changed.Token != "" || changed.ExpiresAt == nil {
		r.t.Fatalf("%d %+v, cookies %v", answer.StatusCode, changed, cookies)
	}
	r.wantSignedIn(cookies[0], true)
	return cookies[0]
}

func (r *rig) wantSignedIn(cookie *http.Cookie, want bool) {
	r.t.Helper()
	answer := r.request("GET", "/v1/accounts/me", "", "", nil, "Cookie", cookie.Name+"="+cookie.Value)
	if (answer.StatusCode == http.StatusOK) != want {
		r.t.Errorf("signed in: want %v, got %d", want, answer.StatusCode)
	}
}
