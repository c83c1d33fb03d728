package objstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// DefaultRegion is the region to name to a store without regions.
const DefaultRegion = "us-east-1"

const (
	dialTimeout           = 5 * time.Second
	responseHeaderTimeout = 30 * time.Second
	maxAttempts           = 5
	maxBackoff            = 2 * time.Second
)

// Config configures the client of a bucket.
type Config struct {
	// Endpoint is the store's URL; empty means Amazon S3 in Region.
	Endpoint string
	// Region signs the requests; empty means DefaultRegion.
	Region string
	// Bucket is the bucket's name.
	Bucket string
	// AccessKey and SecretKey are static credentials. Both empty: Amazon's
	// default chain (environment, shared files, instance role).
	AccessKey, SecretKey string
	// PathStyle puts the bucket's name in the path instead of the host name, as most
	// stores other than Amazon's require.
	PathStyle bool
}

// Validate returns an error for a config that cannot work.
func (c Config) Validate() error {
	if c.Bucket == "" {
		return errors.New("s3: no bucket name")
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return errors.New("s3: access key and secret key must be set together")
	}
	return nil
}

// Open creates a client. It does not contact the store: see Ping and Create.
func Open(ctx context.Context, cfg Config) (*Bucket, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = DefaultRegion
	}
	conns := newConnections()
	load := []func(*config.LoadOptions) error{
		config.WithRegion(cfg.Region),
		config.WithHTTPClient(httpClient(conns)),
		config.WithRetryer(retryer),
		// Many stores do not support checksums in trailers. What has to be verified end
		// to end carries its own checksum.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if cfg.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, "")))
	}
	sdk, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("configure s3 client: %w", err)
	}
	client := s3.NewFromConfig(sdk, func(o *s3.Options) {
		o.UsePathStyle = cfg.PathStyle
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
	})
	return &Bucket{client: client, conns: conns, name: cfg.Bucket, region: cfg.Region, multipartAbove: multipartAbove, partSize: partSize}, nil
}

func httpClient(conns *connections) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = responseHeaderTimeout
			t.MaxIdleConnsPerHost = 16
			t.DialContext = conns.tracking(t.DialContext)
		})
}

// retryer makes up to maxAttempts attempts. The SDK's token bucket is off: it would
// fail calls of one part of the process because another has to retry.
func retryer() aws.Retryer {
	return retry.AddWithErrorCodes(retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
		o.RateLimiter = ratelimit.None
	}), conflictCode)
}
