package objstore_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/objstore"
	"tabiya/internal/objstore/objstoretest"
)

func TestMain(m *testing.M) { objstoretest.Main(m) }

func TestEmbeddedStore(t *testing.T) {
	t.Parallel()
	open := func(t testing.TB) *objstore.Bucket { return objstoretest.New(t).Bucket }
	objstoretest.Run(t, open)
	objstoretest.RunSwap(t, open)
}

// Without attributes a reader may get an object's old bytes under its new ETag,
// so nobody may lean on PutIfMatch there: half of the swaps were lost.
func TestEmbeddedStoreWithoutAttributes(t *testing.T) {
	t.Parallel()
	objstoretest.Run(t, func(t testing.TB) *objstore.Bucket { return objstoretest.NewKind(t, objstoretest.SideCar).Bucket })
}

func TestAStoreThatIsAwayIsUnavailableAndComesBack(t *testing.T) {
	t.Parallel()
	store := objstoretest.New(t)
	if _, err := store.Put(t.Context(), "k", strings.NewReader("v"), 1); err != nil {
		t.Fatal(err)
	}
	store.Down()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := store.Put(ctx, "k", strings.NewReader("w"), 1); !errors.Is(err, objstore.ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	if _, _, err := store.Get(ctx, "k"); !errors.Is(err, objstore.ErrUnavailable) {
		t.Errorf("get: %v", err)
	}
	if ctx.Err() != nil {
		t.Error("gave up late")
	}
	store.Up()
	r, _, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, err := io.ReadAll(r); string(text) != "v" || err != nil {
		t.Errorf("%q %v", text, err)
	}
}

// open is a bucket of a store that the test plays itself.
func open(t *testing.T, play http.HandlerFunc) *objstore.Bucket {
	t.Helper()
	server := httptest.NewServer(play)
	t.Cleanup(server.Close)
	b, err := objstore.Open(t.Context(), objstore.Config{
		Endpoint: server.URL, Bucket: "b", AccessKey: "a", SecretKey: "s", PathStyle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
}

func TestConflictingWritesAreTriedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	b := open(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			refuse(w, http.StatusConflict, "ConditionalRequestConflict")
			return
		}
		w.Header().Set("ETag", `"e"`)
	})
	obj, err := b.PutIfAbsent(t.Context(), "k", strings.NewReader("v"), 1)
	if err != nil || obj.ETag != `"e"` || calls.Load() != 3 {
		t.Errorf("%+v %v after %d calls", obj, err, calls.Load())
	}
}

// A store that answers "exists" for what is not there must not make a sink
// believe that its work is done.
func TestAnObjectThatIsSaidToExistHasToBeThere(t *testing.T) {
	t.Parallel()
	b := open(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	_, err := b.PutIfAbsent(t.Context(), "k", strings.NewReader("v"), 1)
	if errors.Is(err, objstore.ErrExists) || !errors.Is(err, objstore.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestWhatTheStoreSaysBecomesOneOfOurErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		away   bool
	}{
		{http.StatusServiceUnavailable, "SlowDown", true},
		{http.StatusInternalServerError, "InternalError", true},
		{http.StatusForbidden, "AccessDenied", false},
		{http.StatusNotFound, "NoSuchBucket", false},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			b := open(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, c.status, c.code) })
			_, _, err := b.Get(t.Context(), "k")
			if errors.Is(err, objstore.ErrUnavailable) != c.away || errors.Is(err, objstore.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestACallerWhoLeavesIsNotAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	b, err := objstore.Open(t.Context(), objstore.Config{
		Endpoint: "http://" + silent.Addr().String(), Bucket: "b", AccessKey: "a", SecretKey: "s", PathStyle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, leave)
	if _, err := b.Head(ctx, "k"); !errors.Is(err, context.Canceled) || errors.Is(err, objstore.ErrUnavailable) {
		t.Errorf("left: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Head(ctx, "k"); !errors.Is(err, objstore.ErrUnavailable) {
		t.Errorf("timed out: %v", err)
	}
}

func TestAConfigThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []objstore.Config{{}, {Bucket: "b", AccessKey: "a"}, {Bucket: "b", SecretKey: "s"}} {
		if _, err := objstore.Open(t.Context(), c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestAClosedBucketHoldsNoConnection(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 16)
	store := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	store.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- struct{}{}
		}
	}
	store.Start()
	defer store.Close()
	bucket, err := objstore.Open(t.Context(), objstore.Config{Endpoint: store.URL, Bucket: "b", AccessKey: "a", SecretKey: "s", PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := bucket.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	bucket.Close()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("the connection is open")
	}
	if err := bucket.Ping(t.Context()); err == nil {
		t.Fatal("a closed bucket goes on")
	}
}
