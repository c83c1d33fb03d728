package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"tabiya/schemas"
)

// The methods named Validate are called after the command line was parsed. They refuse
// values that cannot work, before anything is started.

func (c upCmd) Validate() error {
	return errors.Join(
		c.kafkaFlags.validate(), c.validateEmbedded(), c.s3Flags.validate(), c.regionFlags.validate(),
		c.queueFlags.validate(), c.archiveFlags.validate(), c.connectionFlags.validate(),
		refuseIf(c.Partitions < 0 || c.Replication < 1 || c.MinIsr < 0 || c.MinIsr > c.Replication,
			"--partitions and --replication must be positive, --min-isr at most --replication"),
	)
}

// validateEmbedded refuses flags for real parts where `up` embeds its own.
func (c upCmd) validateEmbedded() error {
	return errors.Join(
		refuseIf(len(c.Kafka) == 0 && (c.KafkaSasl+c.KafkaUser+c.KafkaPassword+c.KafkaCa+c.KafkaCert+c.KafkaKey != "" || c.KafkaTls),
			"--kafka-sasl, --kafka-user, --kafka-password and the flags for TLS need --kafka: the embedded Kafka has its own login, in endpoints.json"),
		refuseIf(c.S3 == "" && c.S3AccessKey+c.S3SecretKey != "", "--s3-access-key and --s3-secret-key need --s3: the embedded store makes its own"),
	)
}

func (c serviceCmd) Validate() error {
	names := slices.Sorted(slices.Values(c.Names))
	return errors.Join(
		refuseIf(len(slices.Compact(slices.Clone(names))) < len(names), "a service is named twice"),
		c.kafkaFlags.validate(), c.regionFlags.validate(), c.connectionFlags.validate(),
	)
}

func (c processorCmd) Validate() error {
	return errors.Join(c.kafkaFlags.validate(), c.queueFlags.validate())
}

func (c sinkCmd) Validate() error {
	return errors.Join(c.kafkaFlags.validate(), c.s3Flags.validate(), c.archiveFlags.validate())
}

func (c topicsCreateCmd) Validate() error {
	return errors.Join(c.kafkaFlags.validate(), c.options().Validate())
}

func (c tokenServiceCmd) Validate() error {
	return refuseIf(c.Ttl <= 0, "--ttl must be positive")
}

func (c replayCmd) Validate() error {
	_, err := parseTimeControl(c.TimeControl)
	return errors.Join(
		err,
		refuseIf(c.Url != "" && !isURL(c.Url), "--url must be a URL such as http://127.0.0.1:8080"),
		refuseIf(c.Games < 0, "--games must not be negative"),
		refuseIf(c.Concurrency < 1, "--concurrency must be at least 1"),
		refuseIf(c.Patience <= 0, "--patience must be positive"),
	)
}

func (f kafkaFlags) validate() error {
	return errors.Join(
		refuseIf(!f.KafkaTls && f.KafkaCa+f.KafkaCert+f.KafkaKey != "", "--kafka-ca, --kafka-cert and --kafka-key need --kafka-tls"),
		refuseIf((f.KafkaCert == "") != (f.KafkaKey == ""), "--kafka-cert and --kafka-key need each other"),
		refuseIf(f.KafkaSasl == "" && f.KafkaUser+f.KafkaPassword != "", "--kafka-user and --kafka-password need --kafka-sasl"),
		refuseIf(f.KafkaSasl != "" && f.KafkaUser == "", "--kafka-sasl needs --kafka-user"),
	)
}

func (f s3Flags) validate() error {
	return errors.Join(
		refuseIf(f.S3 != "" && f.S3 != "aws" && !isURL(f.S3), "--s3 must be 'aws' or a URL such as https://s3.example.com"),
		refuseIf(f.S3Bucket == "", "--s3-bucket must not be empty"),
		refuseIf((f.S3AccessKey == "") != (f.S3SecretKey == ""), "--s3-access-key and --s3-secret-key need each other"),
	)
}

func (f regionFlags) validate() error {
	seen := map[string]bool{}
	for _, region := range f.Regions {
		if !schemas.ValidRegion(region) || seen[region] {
			return fmt.Errorf("--regions: %q is no region, or is there twice: 2 to 16 of a-z, 0-9 and hyphens", region)
		}
		seen[region] = true
	}
	return refuseIf(len(f.Regions) == 0, "--regions must name at least one")
}

func (f queueFlags) validate() error {
	return errors.Join(
		refuseIf(f.Wave < 10*time.Millisecond, "--wave must be at least 10ms"),
		refuseIf(f.MatchDeadline < 10*time.Millisecond || f.MatchDeadline > time.Minute, "--match-deadline must be between 10ms and 1m"),
	)
}

func (f archiveFlags) validate() error {
	return errors.Join(
		refuseIf(f.ArchiveWindow < time.Second || time.Hour%f.ArchiveWindow != 0, "--archive-window must be at least 1s and divide an hour"),
		refuseIf(f.ArchiveGrace <= 0, "--archive-grace must be positive"),
	)
}

func (f connectionFlags) validate() error {
	for _, proxy := range f.TrustedProxies {
		_, notAddress := netip.ParseAddr(proxy)
		if _, notPrefix := netip.ParsePrefix(proxy); notAddress != nil && notPrefix != nil {
			return fmt.Errorf("--trusted-proxies: %q is not an address or a network such as 10.0.0.0/8", proxy)
		}
	}
	return errors.Join(
		refuseIf(f.Connections < 1, "--connections must be at least 1"),
		refuseIf(f.ConnectionsPerPlayer < 1, "--connections-per-player must be at least 1"),
		refuseIf(f.PlayerPace < 1, "--player-pace must be at least 1"),
		refuseIf(f.ConnectionsPerAddress < 0, "--connections-per-address must not be negative"),
		refuseIf(f.PasswordsPerAddress < 0, "--passwords-per-address must not be negative"),
		refuseIf(f.HashSlots < 0, "--hash-slots must not be negative"),
	)
}

func refuseIf(wrong bool, reason string) error {
	if !wrong {
		return nil
	}
	return errors.New(reason)
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && strings.HasPrefix(u.Scheme, "http")
}
