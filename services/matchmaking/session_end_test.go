package matchmaking

import (
	"testing"

	"tabiya/internal/auth"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
)

func TestStreamOfAnEndedSessionEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a, b := r.register("anna"), r.register("bruno")
	stream, other := r.openStream(a, mediaNDJSON), r.openStream(b, mediaNDJSON)
	stream.want(subscriptions.TypeState)
	other.want(subscriptions.TypeState)
	r.verifier.Sessions.Apply(a.id, &schemas.PlayerClosedPayload{}, 1)
	if n, ok := stream.next(); ok || stream.lines.Err() != nil {
		t.Errorf("the stream goes on with %+v, %v", n, stream.lines.Err())
	}
	r.wantRefused(schemas.CodeSessionEnded, "POST", "/v1/queues/3+0/join", a, "", "")
	r.join(b, "3+0", "")
	other.want(subscriptions.TypeQueued)

	r.verifier.Sessions = auth.Sessions{}
	r.verifier.Sessions.BeginLoading() // as a process that has just started
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/queues/3+0/leave", b, "", "")
}
