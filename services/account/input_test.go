package account

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/internal/readiness"
	"tabiya/schemas"
)

func TestBadInputRefusedWithStableCodeAndChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"good","password":"password one"}`)
	expired, _, err := r.signer.Player(s.Account.ID, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	service, _, err := r.signer.Service("replay", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	unregistered, _, err := r.signer.Player(schemas.NewID(), time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	const (
		accounts, sessions, me = "/v1/accounts", "/v1/sessions", "/v1/accounts/me"
		form                   = "application/x-www-form-urlencoded"
	)
	long := strings.Repeat("a", 129)
	for name, tc := range map[string]struct {
		method, path, token, body string
		want                      schemas.Code
	}{
		"truncated body":         {"POST", accounts, "", `{"handle":"x`, schemas.CodeMalformedJSON},
		"two values":             {"POST", accounts, "", `{"handle":"newcomer","password":"password one"}{}`, schemas.CodeMalformedJSON},
		"unknown field":          {"POST", accounts, "", `{"handle":"newcomer","password":"password one","admin":true}`, schemas.CodeUnknownField},
		"wrong type":             {"POST", accounts, "", `{"handle":7,"password":"password one"}`, schemas.CodeInvalidField},
		"null":                   {"POST", accounts, "", `null`, schemas.CodeInvalidField},
		"null for an e-mail":     {"POST", accounts, "", `{"handle":"newcomer","password":"password one","email":null}`, schemas.CodeInvalidField},
		"null for a country":     {"POST", accounts, "", `{"handle":"newcomer","password":"password one","country":null}`, schemas.CodeInvalidField},
		"reserved handle":        {"POST", accounts, "", `{"handle":"Admin","password":"password one"}`, schemas.CodeInvalidField},
		"handle me":              {"POST", accounts, "", `{"handle":"ME","password":"password one"}`, schemas.CodeInvalidField},
		"handle null":            {"POST", accounts, "", `{"handle":"null","password":"password one"}`, schemas.CodeInvalidField},
		"handle of the platform": {"POST", accounts, "", `{"handle":"-Tabi_Ya-","password":"password one"}`, schemas.CodeInvalidField},
		"no handle":              {"POST", accounts, "", `{"password":"password one"}`, schemas.CodeInvalidField},
		"handle of 1":            {"POST", accounts, "", `{"handle":"x","password":"password one"}`, schemas.CodeInvalidField},
		"handle of 21":           {"POST", accounts, "", `{"handle":"` + long[:21] + `","password":"password one"}`, schemas.CodeInvalidField},
		"handle with a dot":      {"POST", accounts, "", `{"handle":"a.b","password":"password one"}`, schemas.CodeInvalidField},
		"handle not ASCII":       {"POST", accounts, "", `{"handle":"Жанна","password":"password one"}`, schemas.CodeInvalidField},
		"Kelvin sign":            {"POST", accounts, "", `{"handle":"\u212Aing","password":"password one"}`, schemas.CodeInvalidField},
		"no password":            {"POST", accounts, "", `{"handle":"newcomer"}`, schemas.CodeInvalidField},
		"password of 7":          {"POST", accounts, "", `{"handle":"newcomer","password":"passwor"}`, schemas.CodeInvalidField},
		"password of 7 letters":  {"POST", accounts, "", `{"handle":"newcomer","password":"парольк"}`, schemas.CodeInvalidField}, // of 14 bytes
		"password of 129":        {"POST", accounts, "", `{"handle":"newcomer","password":"` + long + `"}`, schemas.CodeInvalidField},
		"e-mail without at":      {"POST", accounts, "", `{"handle":"newcomer","password":"password one","email":"nobody"}`, schemas.CodeInvalidField},
		"e-mail with a name":     {"POST", accounts, "", `{"handle":"newcomer","password":"password one","email":"A <a@b.org>"}`, schemas.CodeInvalidField},
		"e-mail with zero byte":  {"POST", accounts, "", `{"handle":"newcomer","password":"password one","email":"\"\u0000\"@b.org"}`, schemas.CodeInvalidField},
		"long e-mail":            {"POST", accounts, "", `{"handle":"newcomer","password":"password one","email":"` + strings.Repeat("a", 250) + `@b.org"}`, schemas.CodeInvalidField},
		"country in lower case":  {"POST", accounts, "", `{"handle":"newcomer","password":"password one","country":"de"}`, schemas.CodeInvalidField},
		"unknown region":         {"POST", accounts, "", `{"handle":"newcomer","password":"password one","region":"mars"}`, schemas.CodeUnknownRegion},
		"body too long":          {"POST", accounts, "", `{"handle":"` + strings.Repeat("a", httpx.MaxBody) + `"}`, schemas.CodeBodyTooLarge},
		"bad token, public path": {"POST", accounts, "abc", `{"handle":"newcomer","password":"password one"}`, schemas.CodeUnauthenticated},

		"no handle or email":  {"POST", sessions, "", `{"password":"password one"}`, schemas.CodeInvalidField},
		"handle and email":    {"POST", sessions, "", `{"handle":"good","email":"a@b.org","password":"password one"}`, schemas.CodeInvalidField},
		"zero byte in handle": {"POST", sessions, "", `{"handle":"go\u0000od","password":"password one"}`, schemas.CodeInvalidField},
		"password of 10,000":  {"POST", sessions, "", `{"handle":"good","password":"` + strings.Repeat("a", 10_000) + `"}`, schemas.CodeInvalidField},
		"unknown field otp":   {"POST", sessions, "", `{"handle":"good","password":"password one","otp":1}`, schemas.CodeUnknownField},

		"no token":             {"GET", me, "", "", schemas.CodeUnauthenticated},
		"bad token":            {"GET", me, "abc", "", schemas.CodeUnauthenticated},
		"tampered token":       {"GET", me, s.Token[:len(s.Token)-4] + "AAAA", "", schemas.CodeUnauthenticated},
		"expired token":        {"GET", me, expired, "", schemas.CodeTokenExpired},
		"service token":        {"GET", me, service, "", schemas.CodeForbidden},
		"unregistered player":  {"GET", me, unregistered, "", schemas.CodePlayerNotFound},
		"unregistered changes": {"PATCH", me, unregistered, `{"country":"DE"}`, schemas.CodePlayerNotFound},
		"unregistered closes":  {"DELETE", me, unregistered, `{"currentPassword":"password one"}`, schemas.CodePlayerNotFound},
		"close, truncated":     {"DELETE", me, s.Token, `{"oops`, schemas.CodeMalformedJSON},
		"close, null":          {"DELETE", me, s.Token, `null`, schemas.CodeInvalidField},
		"close, no body":       {"DELETE", me, s.Token, "", schemas.CodeUnsupportedMediaType},
		"sign out, no token":   {"DELETE", sessions, "", "", schemas.CodeUnauthenticated},
		"sign out, a service":  {"DELETE", sessions + "/current", service, "", schemas.CodeForbidden},
		"sign out, body":       {"DELETE", sessions, s.Token, `{"all":true}`, schemas.CodeUnknownField},
		"nested arrays":        {"PATCH", me, s.Token, strings.Repeat("[", 30_000), schemas.CodeMalformedJSON},
		"change, truncated":    {"PATCH", me, s.Token, `{"a":`, schemas.CodeMalformedJSON},
		"change, not UTF-8":    {"PATCH", me, s.Token, "{\"a\":\"\xff\"}", schemas.CodeMalformedJSON},
		"close, extra field":   {"DELETE", me, s.Token, `{"really":false}`, schemas.CodeUnknownField},
		"change to null":       {"PATCH", me, s.Token, `{"country":"DE","email":null}`, schemas.CodeInvalidField},
		"nothing to change":    {"PATCH", me, s.Token, `{}`, schemas.CodeInvalidField},
		"change of the handle": {"PATCH", me, s.Token, `{"handle":"better"}`, schemas.CodeUnknownField},
		"change to no region":  {"PATCH", me, s.Token, `{"region":""}`, schemas.CodeUnknownRegion},
		"change without token": {"PATCH", me, "", `{"country":"DE"}`, schemas.CodeUnauthenticated},

		"unknown player":            {"GET", "/v1/players/nobody", "", "", schemas.CodePlayerNotFound},
		"unknown id":                {"GET", "/v1/players/" + schemas.NewID(), "", "", schemas.CodePlayerNotFound},
		"impossible handle":         {"GET", "/v1/players/a%00b", "", "", schemas.CodePlayerNotFound},
		"handle with a slash":       {"GET", "/v1/players/a%2Fb", "", "", schemas.CodePlayerNotFound},
		"expired token on a player": {"GET", "/v1/players/good", expired, "", schemas.CodeTokenExpired},
	} {
		t.Run(name, func(t *testing.T) {
			r := *r
			r.t = t
			r.wantRefused(tc.want, tc.method, tc.path, tc.token, tc.body)
		})
	}
	r.wantRefused(schemas.CodeUnsupportedMediaType, "POST", accounts, "", `handle=newcomer`, "Content-Type", form)
	if a, o := r.count(`SELECT count(*) FROM accounts`), r.count(`SELECT count(*) FROM outbox`); a != 1 || o != 1 {
		t.Fatalf("%d accounts, %d commands: bad input changed something", a, o)
	}
}

func TestPasswordsAreCountedInCharacters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for handle, password := range map[string]string{"least": "парольчик"[:16], "most": strings.Repeat("п", 128)} {
		r.register(`{"handle":"` + handle + `","password":"` + password + `"}`)
	}
}

func TestRequestsRefusedWithoutDatabase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.register(`{"handle":"early","password":"password one"}`)
	r.readiness = readiness.New("postgres", time.Millisecond)
	background(t, r.Run)
	eventually.NoError(t, "ready", r.Ready)
	r.cfg.Pool.Close()
	eventually.True(t, "not ready without a database", func() bool { return r.Ready() != nil })
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/accounts", "", `{"handle":"late","password":"password one"}`)
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/sessions", "", `{"handle":"early","password":"password one"}`)
	r.wantRefused(schemas.CodeUnavailable, "GET", "/v1/accounts/me", s.Token, "")
	r.wantRefused(schemas.CodeUnavailable, "PATCH", "/v1/accounts/me", s.Token, `{"country":"DE"}`)
	r.wantRefused(schemas.CodeUnavailable, "DELETE", "/v1/accounts/me", s.Token, `{"currentPassword":"password one"}`)
	r.wantRefused(schemas.CodeUnavailable, "DELETE", "/v1/sessions/current", s.Token, "")
	r.wantRefused(schemas.CodeUnavailable, "DELETE", "/v1/sessions", s.Token, "")
	r.wantRefused(schemas.CodeUnavailable, "GET", "/v1/players/early", "", "")
	r.wantRefused(schemas.CodeUnavailable, "GET", "/v1/players/early/ratings/blitz", "", "")
	r.wantRefused(schemas.CodeUnavailable, "GET", "/v1/leaderboards/blitz", "", "")
	open := false
	families, err := r.cfg.Registerer.(*prometheus.Registry).Gather()
	for _, family := range families {
		open = open || family.GetName() == "tabiya_account_breaker_open" && family.GetMetric()[0].GetGauge().GetValue() == 1
	}
	if err != nil || !open {
		t.Errorf("the breaker is not open: %v", err)
	}
}
