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

// gatewayState is what is stored beside the objects.
type gatewayState struct {
	Port      int    `json:"port"`
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

func startGateway(ctx context.Context, dir string, logger *slog.Logger) (*gateway, error) {
	g, err := newGateway(dir, logger)
	if err == nil {
		err = g.createBucket(ctx)
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
	if err := loadState(statePath, &state); err != nil {
		return nil, err
	}
	// The gateway takes a port number, not a listener. If another process takes the
	// port in between, the start fails.
	l, err := listenLoopback(state.Port)
	if err != nil {
		return nil, err
	}
	state.Port = portOf(l)
	if err := errors.Join(l.Close(), storeState(statePath, state)); err != nil {
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
			// One account is the default, but the default prints a line to stdout.
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

// openStore opens the store with metadata in extended attributes, if the file system has
// them: an object and its attributes appear in one step, two files would not. A folder
// that has a sidecar keeps it.
func openStore(dir string) (*posix.Posix, error) {
	root, sidecarDir := filepath.Join(dir, "s3"), filepath.Join(dir, "s3-meta")
	if err := privateFolder(root); err != nil {
		return nil, err
	}
	opts := posix.PosixOpts{
		Concurrency:  64,
		IOBufferSize: 128 << 10, // for each request; the default is a MiB
		// Locks in memory suffice, since one process uses the folder.
		ForceNoObjLockFile: true,
	}
	if _, err := os.Stat(sidecarDir); err != nil && hasAttributes(root) {
		return posix.New(root, meta.XattrMeta{}, opts)
	}
	if err := privateFolder(sidecarDir); err != nil {
		return nil, err
	}
	if err := removeOrphanedMetadata(root, sidecarDir); err != nil {
		return nil, err
	}
	sidecar, err := meta.NewSideCar(sidecarDir)
	if err != nil {
		return nil, err
	}
	return posix.New(root, sidecar, opts)
}

// hasAttributes reports whether files in dir can have extended attributes.
func hasAttributes(dir string) bool {
	const probe = "tabiya-probe"
	if (meta.XattrMeta{}).StoreAttribute(nil, dir, "", probe, make([]byte, 1024)) != nil {
		return false
	}
	return (meta.XattrMeta{}).DeleteAttribute(dir, "", probe) == nil
}

// removeOrphanedMetadata removes the metadata of objects that do not exist. The gateway
// writes metadata before the object and checks If-None-Match against it: after a kill in
// between, the object could never be written.
func removeOrphanedMetadata(root, sidecarDir string) error {
	return filepath.WalkDir(sidecarDir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != "meta" {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "etag")); err != nil {
			return nil //nolint:nilerr // the bucket's metadata, or a folder of that name
		}
		object, err := filepath.Rel(sidecarDir, filepath.Dir(path))
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

func (g *gateway) createBucket(ctx context.Context) error {
	bucket, err := objstore.Open(ctx, g.config)
	if err != nil {
		return err
	}
	defer bucket.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return bucket.Create(ctx)
}

// close stops the gateway and waits for its requests until ctx ends.
func (g *gateway) close(ctx context.Context) error {
	g.stop()
	select {
	case err := <-g.ended:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-ctx.Done():
		// The gateway waits for connections that have sent no request in their first 5 s.
		// Our own are closed (objstore.Bucket.Close), so it is another program's. All
		// answered requests are on disk.
		g.logger.Warn("embedded s3 did not close in time: a client has an open connection")
		return nil
	}
}
