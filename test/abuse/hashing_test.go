package abuse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// hashingConnections sign in and register under new names, each again so long after its
// answer. A hash takes 19 MiB and 20 ms, so the program could answer 50 to 100 a second. An
// attacker who only floods it with requests is a gateway's to refuse.
const (
	hashingConnections = 300
	hashingPause       = 200 * time.Millisecond
)

var hashing = attack{
	prepare: func(context.Context, *attacker) error { return nil },
	round: func(ctx context.Context, a *attacker) {
		var going sync.WaitGroup
		for i := range hashingConnections {
			going.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					name := "eve-" + schemas.NewID()[24:]
					path := [...]string{"/v1/sessions", "/v1/accounts"}[(i+n)%2]
					a.post(ctx, path, fmt.Sprintf(`{"handle":%q,"password":"correct horse battery"}`, name))
					pause(ctx, hashingPause)
				}
			})
		}
		going.Wait()
	},
}

// post sends a request from attackerAddress, whatever comes of it.
func (a *attacker) post(ctx context.Context, path, body string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+path, strings.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := attackerHTTP.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	a.done.Add(1)
}

func TestHashingAttackLeavesMovesAndSignInsToOthers(t *testing.T) {
	if !judged() {
		t.Skip("make abuse runs it; make test has the pace of passwords in services/account")
	}
	p := up(t)
	h := p.honestGame(t)
	h.withstands("hashing", func() {
		began := time.Now()
		guest, err := register(t.Context(), p.api, "guest")
		if err == nil {
			err = p.api.Do(t.Context(), client.Request{
				Method: http.MethodPost, Path: "/v1/sessions",
				Body: map[string]string{"handle": guest.Handle, "password": "correct horse battery"},
			}, nil)
		}
		if took := time.Since(began); err != nil || took > 5*time.Second {
			t.Errorf("a registration and a sign-in from another address took %s: %v", took, err)
		}
	})
}
