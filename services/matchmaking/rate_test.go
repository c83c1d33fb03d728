package matchmaking

import (
	"net/http"
	"testing"
	"time"
)

func TestScriptedJoinsAndLeavesSlowDownOnlyTheirPlayer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	script, honest := r.register("Script"), r.register("Honest")
	began, served, slowed := time.Now(), 2, 0
	r.join(script, "3+2", "")
	r.leave(script, "3+2", "")
	// 100 requests, and more on a machine that is so slow that all of them are within the rate.
	for n := 0; n < 100 || slowed == 0 && n < 1000; n++ {
		action := [...]string{"join", "leave"}[n%2]
		resp := r.request("POST", "/v1/queues/3+2/"+action, script, "", "", nil)
		if resp.StatusCode != http.StatusTooManyRequests {
			served++
			continue
		}
		if slowed++; resp.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
	if most := 20 + int(2*time.Since(began).Seconds()) + 1; served > most || slowed == 0 {
		t.Errorf("%d requests were served within %s, want %d at most, and %d refused, want some", served, time.Since(began), most, slowed)
	}
	r.join(honest, "15+10", "") // another pool: the script may be waiting in its own
	r.leave(honest, "15+10", "")
}
