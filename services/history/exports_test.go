package history

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

// token returns the token of a new player.
func (r *rig) token() string {
	r.t.Helper()
	token, _, err := r.signer.Player(schemas.NewID(), time.Now(), time.Hour)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// lazyReader is a client that asks for an export and reads only when told to.
type lazyReader struct {
	t      *testing.T
	reader *bufio.Reader
}

func (r *rig) lazy(path, token string) lazyReader {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.server.URL, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, mediaNDJSON, token)
	return lazyReader{r.t, bufio.NewReaderSize(conn, 1<<10)}
}

// rest reads everything. It returns the status, the number of games, and the error that
// ended the body early.
func (l lazyReader) rest() (status, games int, err error) {
	l.t.Helper()
	answer, err := http.ReadResponse(l.reader, nil)
	if err != nil {
		return 0, 0, err
	}
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, strings.Count(string(text), "\n"), err
}

// exporting is a rig with two places and a player of n games.
func exporting(t *testing.T, n int) (r *rig, path string, later func(time.Duration)) {
	t.Helper()
	pool := postgrestest.New(t).Pool
	player := schemas.NewID()
	save(t, pool, randomGames(rand.New(rand.NewPCG(7, 7)), player, n))
	r = newRig(t, pool, func(c *Config) { c.MaxStreams, c.MaxPages = 2, 1 })
	var offset atomic.Int64
	r.exports.now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	return r, "/v1/history/players/" + player + "/games", func(d time.Duration) { offset.Add(int64(d)) }
}

func (r *rig) waitWriting(n int) {
	r.t.Helper()
	eventually.True(r.t, "exports that wait for their clients", func() bool {
		r.exports.mu.Lock()
		defer r.exports.mu.Unlock()
		writing := 0
		for _, e := range r.exports.open {
			if !e.writingSince.IsZero() {
				writing++
			}
		}
		return writing == n
	})
}

func TestOnePlayersExportsLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	const games = 600
	r, path, _ := exporting(t, games)
	greedy := r.token()
	first := r.lazy(path, greedy)
	r.waitWriting(1)
	second := r.lazy(path, greedy)
	r.waitWriting(2)
	r.wantRefused(schemas.CodeRateLimited, path, mediaNDJSON, "Authorization", "Bearer "+greedy)

	// All places are taken, but another player gets a whole export.
	resp, text := r.get(path, mediaNDJSON, "Authorization", "Bearer "+r.token())
	if n := strings.Count(string(text), "\n"); resp.StatusCode != http.StatusOK || n != games {
		t.Errorf("the other player got %d and %d games", resp.StatusCode, n)
	}
	if status, n, err := first.rest(); status != http.StatusOK || n != games || err != nil {
		t.Errorf("the first export: %d, %d games, %v", status, n, err)
	}
	if _, n, err := second.rest(); err == nil { // a body that ended properly would seem complete
		t.Errorf("the second export made no room, or seems complete with %d games", n)
	}
}

func TestExportsWhoseClientsDoNotReadMakeRoom(t *testing.T) {
	t.Parallel()
	const games = 600
	r, path, later := exporting(t, games)
	slow := []lazyReader{r.lazy(path, r.token()), r.lazy(path, r.token())}
	r.waitWriting(2)
	honest := r.token()
	r.wantRefused(schemas.CodeTooManyConnections, path, mediaNDJSON, "Authorization", "Bearer "+honest) // both may be reading
	later(stalledAfter + time.Second)
	resp, text := r.get(path, mediaNDJSON, "Authorization", "Bearer "+honest)
	if n := strings.Count(string(text), "\n"); resp.StatusCode != http.StatusOK || n != games {
		t.Errorf("the honest player got %d and %d games", resp.StatusCode, n)
	}
	complete := 0
	for _, l := range slow {
		if _, n, err := l.rest(); err == nil && n == games {
			complete++
		}
	}
	if complete != 1 {
		t.Errorf("%d of the two slow exports went on", complete)
	}
}

func TestNetworkOfManyAccountsMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	const games = 20
	r, path, _ := exporting(t, games)
	var stopped atomic.Int32
	for range r.exports.max { // one account each
		if e, _ := r.exports.Begin(holder{schemas.NewID(), "192.0.2.1"}, func() { stopped.Add(1) }); e == nil {
			t.Fatal("no place for an export")
		}
	}
	if e, own := r.exports.Begin(holder{schemas.NewID(), "192.0.2.1"}, func() {}); e != nil || own {
		t.Errorf("one more from the same network: %v %v", e, own)
	}
	resp, text := r.get(path, mediaNDJSON, "Authorization", "Bearer "+r.token())
	if n := strings.Count(string(text), "\n"); resp.StatusCode != http.StatusOK || n != games || stopped.Load() != 1 {
		t.Errorf("a player elsewhere got %d and %d games; %d exports were stopped", resp.StatusCode, n, stopped.Load())
	}
}
