package test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Health checks of the gateway. An instance that fails two in a row gets no requests,
// and those in flight are cut off, as by a load balancer.
const (
	healthInterval = 300 * time.Millisecond
	healthTimeout  = time.Second
)

// upstream is one instance of a service behind the gateway.
type upstream struct {
	proxy  *httputil.ReverseProxy
	ready  string // URL
	failed int

	mu  sync.Mutex
	ctx context.Context // of the requests in flight; nil while the instance is out
	cut context.CancelFunc
}

// balancer spreads requests over the instances of a service that are ready.
type balancer struct {
	instances []*upstream
	next      atomic.Int64
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first := int(b.next.Add(1))
	for i := range b.instances {
		if u := b.instances[(first+i)%len(b.instances)]; u.serve(w, r) {
			return
		}
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// serve returns false if the instance is out.
func (u *upstream) serve(w http.ResponseWriter, r *http.Request) bool {
	u.mu.Lock()
	alive := u.ctx
	u.mu.Unlock()
	if alive == nil {
		return false
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(alive, cancel)()
	u.proxy.ServeHTTP(w, r.WithContext(ctx))
	return true
}

// check asks the instance whether it is ready.
func (u *upstream) check(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, healthTimeout)
	_, status, err := get(asking, u.ready)
	cancel()
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil && status == http.StatusOK {
		u.failed = 0
		if u.ctx == nil {
			u.ctx, u.cut = context.WithCancel(ctx)
		}
		return
	}
	if u.failed++; u.failed >= 2 && u.ctx != nil {
		u.cut()
		u.ctx = nil
	}
}

// balancedGateway routes by path to the ready instances of each service. It returns its
// URL. It ends with the test.
func (p *deployment) balancedGateway(t testing.TB) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var checks sync.WaitGroup
	to := func(service string) http.Handler {
		b := &balancer{}
		for _, name := range []string{"service " + service, "service " + service + " 2"} {
			target, err := url.Parse(p.urls[name])
			if err != nil {
				t.Fatal(err)
			}
			u := &upstream{ready: p.urls[name] + "/readyz", proxy: &httputil.ReverseProxy{
				Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1,
				ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
			}}
			b.instances = append(b.instances, u)
			u.check(ctx)
			checks.Go(func() {
				for ctx.Err() == nil {
					u.check(ctx)
					time.Sleep(healthInterval)
				}
			})
		}
		return b
	}
	server := httptest.NewServer(routes(to))
	t.Cleanup(func() {
		stop()
		server.CloseClientConnections()
		server.Close()
		checks.Wait()
	})
	return server.URL
}
