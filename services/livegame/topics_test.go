package livegame_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/schemas"
)

func (r *rig) admin() *kadm.Client {
	r.t.Helper()
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

// Retention can delete all records of an idle topic, even those of the active segment.
// Its partitions then start and end at the same offset, which is not 0.
func TestReadyOnATrimmedTopic(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	r.refused(409, schemas.CodeNotYourTurn, "POST", "/v1/games/"+id+"/moves", r.black.token, moveBody("e7e5"))
	adm := r.admin()
	ends, err := adm.ListEndOffsets(t.Context(), schemas.CommandReplies)
	if err := errors.Join(err, ends.Error()); err != nil {
		t.Fatal(err)
	}
	deleted, err := adm.DeleteRecords(t.Context(), ends.Offsets())
	if err := errors.Join(err, deleted.Error()); err != nil {
		t.Fatal(err)
	}
	late := r.startOther()
	if got := late.ok("POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4")); got.Ply != 1 {
		t.Errorf("%+v", got)
	}
}

// A topic that is deleted and created again has a new id, and its offsets begin at 0
// again. The service must notice that and read the new topic.
func TestReadyAfterATopicIsCreatedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	r.refused(409, schemas.CodeNotYourTurn, "POST", "/v1/games/"+id+"/moves", r.black.token, moveBody("e7e5"))
	adm := r.admin()
	deleted, err := adm.DeleteTopics(t.Context(), schemas.CommandReplies)
	if err := errors.Join(err, deleted.Error()); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the topic is created again", func() bool {
		created, err := adm.CreateTopic(t.Context(), 3, 1, nil, schemas.CommandReplies)
		if err := errors.Join(err, created.Err); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			t.Fatal(err)
		}
		return err == nil
	})
	// A refusal reaches the client only through the new topic.
	eventually.NoError(t, "a refusal", func() error {
		a := r.do("POST", "/v1/games/"+id+"/moves", r.black.token, moveBody("e7e5"))
		if a.status == 409 && a.read(t).Code == schemas.CodeNotYourTurn {
			return nil
		}
		return fmt.Errorf("%d %s", a.status, a.body)
	})
}
