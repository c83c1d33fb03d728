package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// server is a `tabiya up` in a child process, with registered players.
type server struct {
	*process
	api   *api
	ops   string // URL of the operators' listener
	kafka kafka.Config
	pairs [][2]player
}

const (
	// pairsOfPlayers is enough for loads of a program that is unpaced.
	pairsOfPlayers = 64
	// pairsOfMovers is enough for as many moves a second as the program can play with every
	// player within their pace.
	pairsOfMovers = 512
)

// unpaced are flags that let a few players play as fast as many.
var unpaced = []string{"--player-pace", "100000"}

func (b *bench) build() error {
	cmd := exec.Command("go", "build", "-o", b.binary, "./cmd/tabiya")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build tabiya: %w", err)
	}
	return nil
}

// quickArchive makes the archive close its files during a load. With the default window
// of five minutes, the cost of the files would not be measured. An idle archive has
// closed its files after archiveCloseTime.
var quickArchive = []string{"--archive-window", "5s", "--archive-grace", "1s"}

const archiveCloseTime = 8 * time.Second

// up starts the program with a new data folder and registers the players.
func (b *bench) up(name string, flags ...string) (*server, error) {
	data := filepath.Join(b.scratch, name)
	p, err := startProcess(nil, nil, b.binary, append([]string{"up", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--connections-per-address", "20000"}, flags...)...) // all come from here
	if err != nil {
		return nil, err
	}
	s := &server{process: p}
	if err := s.prepare(filepath.Join(data, "endpoints.json")); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) prepare(endpoints string) error {
	var e struct {
		URL          string   `json:"url"`
		OpsURL       string   `json:"opsUrl"`
		ServiceToken string   `json:"serviceToken"`
		Kafka        []string `json:"kafka"`

		KafkaLogin kafka.SASL `json:"kafkaLogin"`
	}
	err := retryFor(2*time.Minute, func() error {
		text, err := os.ReadFile(endpoints)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		return ready(e.URL)
	})
	if err != nil {
		return fmt.Errorf("start tabiya: %w", err)
	}
	s.api, s.ops, s.kafka = newAPI(e.URL, e.ServiceToken, 512), e.OpsURL, kafka.Config{Brokers: e.Kafka, SASL: e.KafkaLogin}
	return s.register(pairsOfPlayers)
}

// ready returns an error unless all parts of the process are ready.
func ready(url string) error {
	resp, err := http.Get(url + "/readyz")
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("not ready: " + resp.Status)
	}
	return nil
}

// register registers players until there are that many pairs.
func (s *server) register(pairs int) error {
	have := 2 * len(s.pairs)
	s.pairs = append(s.pairs, make([][2]player, pairs-len(s.pairs))...)
	return parallel(2*pairs-have, 4, func(i int) error {
		i += have
		p, err := s.api.register(handleOf(i))
		s.pairs[i/2][i%2] = p
		return err
	})
}

// handleOf returns the handle of the player with that number.
func handleOf(i int) string { return fmt.Sprintf("bench-%d", i) }

// retryFor calls try until it succeeds or the limit is over.
func retryFor(limit time.Duration, try func() error) error {
	stop := time.Now().Add(limit)
	for {
		err := try()
		if err == nil || time.Now().After(stop) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// measureLog measures what the latency of moves is compared with: as many workers as for
// moves produce a record of an event's size on the same broker and wait until they have
// consumed it.
func (s *server) measureLog(b *bench, topic string, rate float64) (result, error) {
	client, err := kgo.NewClient(append(s.kafka.Opts(), kgo.ConsumeTopics(topic), kgo.ProducerLinger(0), kgo.DefaultProduceTopic(topic))...)
	if err != nil {
		return result{}, err
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 4, 1, nil, topic); err != nil {
		return result{}, err
	}
	arrived := make([]chan struct{}, socketWorkers)
	workers := make([]step, socketWorkers)
	for i := range workers {
		arrived[i] = make(chan struct{}, 1)
		key, value := []byte(fmt.Sprint(i)), make([]byte, 500)
		workers[i] = func() (bool, error) {
			client.Produce(ctx, &kgo.Record{Key: key, Value: value}, nil)
			select {
			case <-arrived[i]:
				return true, nil
			case <-time.After(30 * time.Second):
				return false, errors.New("a record was not consumed within 30 s")
			}
		}
	}
	go func() {
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				var worker int
				if _, err := fmt.Sscan(string(r.Key), &worker); err == nil {
					arrived[worker] <- struct{}{}
				}
			})
		}
	}()
	if err := parallel(socketWorkers, 16, func(i int) error { _, err := workers[i](); return err }); err != nil {
		return result{}, err
	}
	return drive(workers, b.seconds, rate)
}
