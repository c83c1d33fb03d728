package tier

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// hideSegmentConfigs makes the broker one whose topics have no segment configs: they
// are removed from requests that create, alter or describe topics. The wanted values
// are meant for brokers that do not hold segments in memory.
func (t *Tier) hideSegmentConfigs() {
	t.handle(kmsg.CreateTopics, func(r kmsg.Request) kmsg.Response {
		req := r.(*kmsg.CreateTopicsRequest)
		for i := range req.Topics {
			req.Topics[i].Configs = slices.DeleteFunc(req.Topics[i].Configs, func(c kmsg.CreateTopicsRequestTopicConfig) bool { return isSegmentConfig(c.Name) })
		}
		return nil
	})
	t.handle(kmsg.IncrementalAlterConfigs, func(r kmsg.Request) kmsg.Response {
		req := r.(*kmsg.IncrementalAlterConfigsRequest)
		for i := range req.Resources {
			req.Resources[i].Configs = slices.DeleteFunc(req.Resources[i].Configs, func(c kmsg.IncrementalAlterConfigsRequestResourceConfig) bool { return isSegmentConfig(c.Name) })
		}
		return nil
	})
	t.handle(kmsg.DescribeConfigs, func(r kmsg.Request) kmsg.Response {
		req := r.(*kmsg.DescribeConfigsRequest)
		for i := range req.Resources { // a request without names lists kfake's own values
			req.Resources[i].ConfigNames = slices.DeleteFunc(req.Resources[i].ConfigNames, isSegmentConfig)
		}
		return nil
	})
}

func isSegmentConfig(name string) bool { return name == "segment.bytes" || name == "segment.ms" }
