package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// SASL mechanisms.
const (
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

// Config configures every client of the Kafka cluster. All fields but Brokers may
// be zero.
type Config struct {
	Brokers  []string // host:port, at least one
	ClientID string   // default "tabiya"
	SASL     SASL
	TLS      TLS

	// Uncompressed turns compression off. Use it for an embedded broker, for which
	// compression costs more than it saves.
	Uncompressed bool
	// Dial replaces TCP as the way to connect to a broker, if it is not nil. It is
	// for an embedded broker; the address is the broker's, host:port.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// SendTimeout is how long a produced record may wait for its acknowledgement
	// before sending fails with ErrUnavailable. Default 10 s.
	SendTimeout time.Duration
	// SessionTimeout is how long a consumer group waits for a silent member
	// before it gives the member's partitions to others. Default 10 s.
	SessionTimeout time.Duration
	// InstanceID makes this process a static member of its groups (KIP-345): a
	// restart within SessionTimeout moves no partition. It must be unique in a
	// group. Empty means dynamic membership.
	InstanceID string
}

// SASL configures the login. An empty Mechanism means no login.
type SASL struct {
	Mechanism string `json:"mechanism"` // Plain, ScramSHA256 or ScramSHA512
	User      string `json:"user"`
	Password  string `json:"password"`
}

// TLS configures encryption.
type TLS struct {
	Enabled  bool
	CAFile   string // PEM; empty for the system's authorities
	CertFile string // PEM; client certificate, needs KeyFile
	KeyFile  string // PEM
}

// Validate returns an error for the first setting that cannot work. It reads the
// TLS files.
func (c Config) Validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("kafka: no brokers")
	}
	switch c.SASL.Mechanism {
	case "", Plain, ScramSHA256, ScramSHA512:
	default:
		return fmt.Errorf("kafka: unknown SASL mechanism %q", c.SASL.Mechanism)
	}
	if c.SASL.Mechanism != "" && c.SASL.User == "" {
		return fmt.Errorf("kafka: SASL %s needs a user", c.SASL.Mechanism)
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return errors.New("kafka: a TLS client certificate needs both a certificate and a key file")
	}
	if c.SendTimeout < 0 || c.SessionTimeout < 0 {
		return errors.New("kafka: timeouts must not be negative")
	}
	_, err := c.tls()
	return err
}

func (c Config) clientID() string { return cmp.Or(c.ClientID, "tabiya") }

func (c Config) sendTimeout() time.Duration { return cmp.Or(c.SendTimeout, 10*time.Second) }

// Session returns SessionTimeout or its default.
func (c Config) Session() time.Duration { return cmp.Or(c.SessionTimeout, 10*time.Second) }

// Opts returns the options that every franz-go client of this cluster needs. Call
// Validate first: Opts ignores TLS files that it cannot read.
func (c Config) Opts() []kgo.Opt {
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(c.clientID()),
		kgo.RecordPartitioner(Partitioner()),
		kgo.RetryBackoffFn(backoff),
		kgo.DialTimeout(5 * time.Second),
		kgo.MetadataMinAge(250 * time.Millisecond),
	}
	if c.Dial != nil {
		opts = append(opts, kgo.Dialer(c.Dial))
	}
	if m := c.mechanism(); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	if t, err := c.tls(); err == nil && t != nil {
		opts = append(opts, kgo.DialTLSConfig(t))
	}
	return opts
}

// backoff grows to one second at most, so that clients continue soon after a
// broker is back.
func backoff(tries int) time.Duration {
	return min(time.Second, 50*time.Millisecond<<min(tries, 5))
}

func (c Config) mechanism() sasl.Mechanism {
	switch c.SASL.Mechanism {
	case Plain:
		return plain.Auth{User: c.SASL.User, Pass: c.SASL.Password}.AsMechanism()
	case ScramSHA256:
		return scram.Auth{User: c.SASL.User, Pass: c.SASL.Password}.AsSha256Mechanism()
	case ScramSHA512:
		return scram.Auth{User: c.SASL.User, Pass: c.SASL.Password}.AsSha512Mechanism()
	}
	return nil
}

func (c Config) tls() (*tls.Config, error) {
	if !c.TLS.Enabled {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLS.CAFile != "" {
		pem, err := os.ReadFile(c.TLS.CAFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: read TLS authorities: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: %s holds no certificate", c.TLS.CAFile)
		}
	}
	if c.TLS.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: load TLS client certificate: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// Sarama returns the configuration for sarama clients, on which Goka's consumers
// run.
func (c Config) Sarama() (*sarama.Config, error) {
	s := sarama.NewConfig()
	s.ClientID = c.clientID()
	s.Version = sarama.V2_8_0_0
	s.Net.DialTimeout = 5 * time.Second
	s.Metadata.AllowAutoTopicCreation = false
	s.Consumer.Return.Errors = true
	// A partition whose leader moved is read again at once, not after 2 s, and the
	// group is found again as soon as it has a coordinator.
	s.Consumer.Retry.BackoffFunc = backoff
	s.Metadata.Retry.Max, s.Metadata.Retry.Backoff = 20, pollPause
	s.Consumer.Group.Rebalance.Retry.Max, s.Consumer.Group.Rebalance.Retry.Backoff = 20, pollPause
	// A new group must not skip existing records.
	s.Consumer.Offsets.Initial = sarama.OffsetOldest
	s.Consumer.Offsets.AutoCommit.Interval = 500 * time.Millisecond
	// A new owner of a partition waits this long before sarama fetches it: sarama
	// adds partitions only when the previous fetch has returned.
	s.Consumer.MaxWaitTime = 50 * time.Millisecond
	s.Consumer.Group.InstanceId = c.InstanceID
	s.Consumer.Group.Session.Timeout = c.Session()
	// A member learns of a rebalance from the response to its heartbeat. Until then
	// the games of a dead member are stopped, so heartbeats are frequent; they cost
	// the broker almost nothing.
	s.Consumer.Group.Heartbeat.Interval = min(time.Second, c.Session()/80)
	s.Consumer.Group.Rebalance.Timeout = 25 * time.Second
	s.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	if c.Dial != nil {
		s.Net.Proxy.Enable, s.Net.Proxy.Dialer = true, dialer(c.Dial)
	}
	t, err := c.tls()
	if err != nil {
		return nil, err
	}
	if t != nil {
		s.Net.TLS.Enable, s.Net.TLS.Config = true, t
	}
	if c.SASL.Mechanism != "" {
		s.Net.SASL.Enable = true
		s.Net.SASL.Mechanism = sarama.SASLMechanism(c.SASL.Mechanism)
		s.Net.SASL.User, s.Net.SASL.Password = c.SASL.User, c.SASL.Password
		s.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return newScramClient(c.SASL.Mechanism) }
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return s, nil
}

// dialer adapts Config.Dial to sarama.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d(context.Background(), network, address)
}
