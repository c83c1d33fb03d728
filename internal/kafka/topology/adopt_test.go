package topology_test

import (
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// A processor that still runs when a copy is adopted writes until it leaves its group.
func TestAdoptedCopyEndsBehindWhatTheLastMemberWrote(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.RequireFake(t)
	if err := topology.Ensure(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	member, err := kgo.NewClient(append(r.Config.Opts(), kgo.ConsumerGroup(schemas.GamesGroup), kgo.ConsumeTopics(schemas.GameCommands))...)
	if err != nil {
		t.Fatal(err)
	}
	defer member.Close()
	eventually.True(t, "the member to join", func() bool {
		_, generation := member.GroupMetadata()
		return generation >= 0
	})
	asked := make(chan struct{})
	var once sync.Once
	r.Fake.ControlKey(int16(kmsg.DescribeGroups), func(kmsg.Request) (kmsg.Response, error, bool) {
		r.Fake.KeepControl()
		once.Do(func() { close(asked) })
		return nil, nil, false
	})
	adopted := make(chan schemas.Topology, 1)
	go func() {
		next, err := topology.Adopt(t.Context(), r.Config, "game", topology.Copy)
		if err != nil {
			t.Error(err)
		}
		adopted <- next
	}()
	<-asked // its ends are listed
	for _, topic := range []string{schemas.GameCommands, schemas.GameEvents} {
		if err := member.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("g"), Value: []byte("late")}).FirstErr(); err != nil {
			t.Error(err)
		}
	}
	member.Close()
	next := <-adopted
	for topic, identity := range map[string]schemas.TopicIdentity{schemas.GameCommands: next.Commands, schemas.GameEvents: next.Events} {
		if len(identity.Copied) != 1 || len(identity.Copied[0].Ends) != 1 || identity.Copied[0].Ends[0] != 1 {
			t.Errorf("the copy of %s ends at %+v, want 1", topic, identity.Copied)
		}
	}
}
