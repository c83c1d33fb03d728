package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// At the start of a session sarama asks several times within milliseconds. Taking that
// for failures delayed heartbeats, and kept a member that stops from leaving.
func TestConnectedCoordinatorIsReturnedAsOftenAsItIsAskedFor(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	client, err := newPatientClient(Config{Brokers: cluster.ListenAddrs()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	first, err := client.Coordinator("g")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil { // as sarama does with one that failed
		t.Fatal(err)
	}
	if again, err := client.Coordinator("g"); err != nil {
		t.Fatalf("after a failure: %v", err)
	} else if connected, err := again.Connected(); !connected {
		t.Fatalf("the coordinator after a failure is not connected: %v", err)
	}
	client.hurry() // from now on it does not wait
	for range 10 {
		if _, err := client.Coordinator("g"); err != nil {
			t.Fatal(err)
		}
	}
}
