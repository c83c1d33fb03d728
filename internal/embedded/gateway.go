package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"tabiya/internal/objstore"
)

// gateway is Versity's S3 gateway over a folder.
type gateway struct {
	config objstore.Config
	stop   context.CancelFunc
	ended  chan error
	logger *slog.Logger
}

// gatewayState is what outlives a run beside the objects.
type gatewayState struct {
	Port      int    `json:"port"`
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

func startGateway(ctx context.Context, dir string, logger *slog.Logger) (*gateway, error) {
	g, err := newGateway(dir, logger)
	if err == nil {
		err = g.makeBucket(ctx)
		if err != nil {
			err = errors.Join(err, g.close(ctx))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("embedded s3: %w", err)
	}
	return g, nil
}

func newGateway(dir string, logger *slog.Logger) (*gateway, error) {
	state := gatewayState{AccessKey: "tabiya", SecretKey: rand.Text()}
	statePath := filepath.Join(dir, "s3.json")
	if err := load(statePath, &state); err != nil {
		return nil, err
	}
	// The gateway wants a port's number, not a listener; between this look and
	// its own call somebody could take the port, then the start fails loudly.
	l, err := listenLoopback(state.Port)
	if err != nil {
		return nil, err
	}
	state.Port = portOf(l)
	if err := errors.Join(l.Close(), keep(statePath, state)); err != nil {
		return nil, err
	}
	store, err := openStore(dir)
	if err != nil {
		return nil, err
	}

	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(state.Port))
	listening := make(chan struct{})
	run, stop := context.WithCancel(context.Background())
	g := &gateway{stop: stop, logger: logger, ended: make(chan error, 1), config: objstore.Config{
		Endpoint: "http://" + addr, Region: objstore.DefaultRegion, Bucket: Bucket,
		AccessKey: state.AccessKey, SecretKey: state.SecretKey, PathStyle: true,
	}}
	go func() {
		g.ended <- embedgw.RunVersityGW(run, store, &embedgw.Config{
			// One account, as without this line, which would be said on stdout.
			IAMService: auth.NewIAMServiceSingle(auth.Account{
				Access: state.AccessKey, Secret: state.SecretKey, Role: auth.RoleAdmin,
			}),
			RootUserAccess: state.AccessKey, RootUserSecret: state.SecretKey, Region: objstore.DefaultRegion,
			Ports: []string{addr}, Quiet: true, KeepAlive: true,
			MaxConnections: 256, MaxRequests: 128, MultipartMaxParts: 10_000,
			S3Options: []s3api.Option{s3api.WithOnListen(sync.OnceFunc(func() { close(listening) }))},
		})
	}()
	select {
	case <-listening:
		return g, nil
	case err := <-g.ended:
		stop()
		return nil, err
	}
}

// openStore keeps metadata in the files' extended attributes where there are
// any: they appear together with the object, which two files cannot. A folder
// goes on the way it began.
func openStore(dir string) (*posix.Posix, error) {
	root, side := filepath.Join(dir, "s3"), filepath.Join(dir, "s3-meta")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	opts := posix.PosixOpts{
		Concurrency:  64,
		IOBufferSize: 128 << 10, // one a request; the default is a MiB
		// One process owns the folder; locks in memory will do.
		ForceNoObjLockFile: true,
	}
	if _, err := os.Stat(side); err != nil && hasAttributes(root) {
		return posix.New(root, meta.XattrMeta{}, opts)
	}
	if err := os.MkdirAll(side, 0o755); err != nil {
		return nil, err
	}
	if err := dropOrphans(root, side); err != nil {
		return nil, err
	}
	sideCar, err := meta.NewSideCar(side)
	if err != nil {
		return nil, err
	}
	return posix.New(root, sideCar, opts)
}

func hasAttributes(dir string) bool {
	const probe = "tabiya-probe"
	if (meta.XattrMeta{}).StoreAttribute(nil, dir, "", probe, make([]byte, 1024)) != nil {
		return false
	}
	return (meta.XattrMeta{}).DeleteAttribute(dir, "", probe) == nil
}

// dropOrphans removes the metadata of objects that are not there. The gateway
// writes metadata first and judges If-None-Match by it: after a kill between the
// two, an object that does not exist could never be written.
func dropOrphans(root, side string) error {
	return filepath.WalkDir(side, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != "meta" {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "etag")); err != nil {
			return nil // a bucket's, or a folder that has that name
		}
		object, err := filepath.Rel(side, filepath.Dir(path))
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(root, object)); os.IsNotExist(err) {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
		return filepath.SkipDir
	})
}

func (g *gateway) makeBucket(ctx context.Context) error {
	bucket, err := objstore.Open(ctx, g.config)
	if err != nil {
		return err
	}
	defer bucket.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return bucket.Create(ctx)
}

// close waits for the requests under way, as long as ctx allows.
func (g *gateway) close(ctx context.Context) error {
	g.stop()
	select {
	case err := <-g.ended:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-ctx.Done():
		// Another program's connection that has asked nothing for its first 5 s holds
		// it up, since it counts as one whose request is on its way; ours are closed
		// (objstore.Bucket.Close). What was answered is on disk.
		g.logger.Warn("embedded s3 did not close in time: a client's connection is open")
		return nil
	}
}
