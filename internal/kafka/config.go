package kafka

import (
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

// Config says where Kafka is and how to talk to it. The zero value of every
// field but Brokers is usable.
type Config struct {
	Brokers  []string // host:port, at least one
	ClientID string   // default "tabiya"
	SASL     SASL
	TLS      TLS

	// Uncompressed sends records as they are: for a broker in this process, to
	// which the way is shorter than compression.
	Uncompressed bool
	// Dial, if not nil, connects to a broker instead of TCP: for one in this
	// process. The address is the broker's, host:port.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// SendTimeout bounds how long a produced record may wait for its
	// acknowledgement before the broker counts as unavailable. Default 10 s.
	SendTimeout time.Duration
	// SessionTimeout is how long a consumer group waits for a silent member
	// before its partitions go to others. Default 10 s.
	SessionTimeout time.Duration
	// InstanceID, unique in a group, makes its member static (KIP-345): a
	// restart within SessionTimeout moves no partition. Empty: dynamic.
	InstanceID string
}

// SASL is how to log in; an empty Mechanism is no login.
type SASL struct {
	Mechanism string // Plain, ScramSHA256 or ScramSHA512
	User      string
	Password  string
}

// TLS is how to encrypt.
type TLS struct {
	Enabled  bool
	CAFile   string // PEM; empty: the system's authorities
	CertFile string // PEM; with KeyFile, the client's own certificate
	KeyFile  string
}

// Validate reports the first thing that cannot work.
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
		return errors.New("kafka: time-outs must not be negative")
	}
	_, err := c.tls()
	return err
}

func (c Config) clientID() string { return orDefault(c.ClientID, "tabiya") }

func (c Config) sendTimeout() time.Duration { return orDefault(c.SendTimeout, 10*time.Second) }

// Session is SessionTimeout or its default.
func (c Config) Session() time.Duration { return orDefault(c.SessionTimeout, 10*time.Second) }

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Opts are the options that every franz-go client of this cluster needs. A
// config that Validate refuses gives a client that cannot connect.
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

// backoff is short: a broker that is away is asked again every second at most,
// so that all goes on soon after it is back.
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

// Sarama is the same cluster for sarama, on which Goka's consumers run.
func (c Config) Sarama() (*sarama.Config, error) {
	s := sarama.NewConfig()
	s.ClientID = c.clientID()
	s.Version = sarama.V2_8_0_0
	s.Net.DialTimeout = 5 * time.Second
	s.Metadata.AllowAutoTopicCreation = false
	s.Consumer.Return.Errors = true
	// A new group must not skip what is already there.
	s.Consumer.Offsets.Initial = sarama.OffsetOldest
	s.Consumer.Offsets.AutoCommit.Interval = 500 * time.Millisecond
	// As long does a new owner wait before its partitions are fetched: sarama adds
	// them when the fetch before has returned.
	s.Consumer.MaxWaitTime = 50 * time.Millisecond
	s.Consumer.Group.InstanceId = c.InstanceID
	s.Consumer.Group.Session.Timeout = c.Session()
	// A heartbeat costs a broker next to nothing, and its answer is how a member
	// hears that the group has lost or gained one: until then the games of the dead
	// stand, or all of them.
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

// dialer is Config.Dial as sarama takes it.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d(context.Background(), network, address)
}
