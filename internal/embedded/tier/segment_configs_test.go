package tier

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestTopicsHaveNoSegmentConfigs(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("table", 1, map[string]string{"segment.ms": "600000", "segment.bytes": "67108864", "cleanup.policy": "compact"})
	client := b.client()
	altered, err := kadm.NewClient(client).AlterTopicConfigs(t.Context(), []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "segment.bytes", Value: new("67108864")},
		{Op: kadm.SetConfig, Name: "delete.retention.ms", Value: new("1000")},
	}, "table")
	if err != nil || altered[0].Err != nil {
		t.Fatal(altered, err)
	}
	configs := b.TopicInfo("table").Configs
	if configs["segment.ms"] != nil || configs["segment.bytes"] != nil || configs["delete.retention.ms"] == nil || configs["cleanup.policy"] == nil {
		t.Errorf("configs %v", configs)
	}
	req, resource := kmsg.NewPtrDescribeConfigsRequest(), kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, "table"
	resource.ConfigNames = []string{"segment.ms", "segment.bytes", "cleanup.policy"}
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(t.Context(), client)
	if err != nil || kerr.ErrorForCode(resp.Resources[0].ErrorCode) != nil {
		t.Fatal(resp, err)
	}
	if got := resp.Resources[0].Configs; len(got) != 1 || got[0].Name != "cleanup.policy" {
		t.Errorf("described %v", got)
	}
}
