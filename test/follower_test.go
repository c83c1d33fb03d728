package test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"tabiya/schemas"
)

const (
	// silenceLimit is how long a follower waits for a frame before it reconnects. A frozen
	// process keeps the old connection open.
	silenceLimit = 2 * time.Second
	// maxReconnectDelay is the maximum pause before a reconnect.
	maxReconnectDelay = 500 * time.Millisecond
	// maxEventsPerConnection is the maximum number of events before a follower cuts the
	// connection.
	maxEventsPerConnection = 3
)

// follower joins the events of one game over many connections. It cuts each connection
// after a few events and resumes from there at a random instance.
type follower struct {
	instances []string // URLs of the instances, running or not
	gameID    string
	token     string              // of a player, who always uses a socket; "" for a watcher
	handle    func(f frame) error // called with every frame; an event is joined before
	joined    []string            // the events
	over      bool
	open      map[string]string // unanswered frames by clientMoveId
	life      int               // events until it cuts the connection
	ends      map[string]int    // number of connections by how they ended
	conn      *websocket.Conn
}

// frame is what the server sends on a socket.
type frame struct {
	Type         string          `json:"type"`
	ClientMoveID string          `json:"clientMoveId"`
	Seq          int64           `json:"seq"`
	Code         schemas.Code    `json:"code"`
	Detail       string          `json:"detail"`
	Event        json.RawMessage `json:"event"`
}

var ending = regexp.MustCompile(`"eventType":"Game(Ended|Resigned|Timeout|Aborted)"`)

var (
	errCut    = errors.New("cut by the follower")
	errSilent = errors.New("no frame in time")
	errUnsure = errors.New("the outcome of a move is unknown")
	errBusy   = errors.New("not ready")
)

// wrongError is an error that a reconnect does not excuse.
type wrongError struct{ what string }

func (e *wrongError) Error() string { return e.what }

func wrong(format string, args ...any) error { return &wrongError{fmt.Sprintf(format, args...)} }

// follow reads until the game is over and every frame it sent is answered.
func (r *follower) follow(ctx context.Context) error {
	r.ends, r.life = map[string]int{}, 1+rand.IntN(maxEventsPerConnection)
	for {
		err := r.connection(ctx)
		if bad := (*wrongError)(nil); errors.As(err, &bad) {
			return err
		}
		if r.over && len(r.open) == 0 {
			return nil
		}
		r.ends[endReason(err)]++
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events so far, %d frames not answered: %w (%w)", len(r.joined), len(r.open), ctx.Err(), err)
		case <-time.After(rand.N(maxReconnectDelay)):
		}
	}
}

// Ways in which a connection ends.
const (
	cut    = "cut"    // by the follower
	broken = "broken" // by the server
	absent = "absent" // connection refused
	silent = "silent" // no frame: the process is frozen, or nothing happens in the game
	unsure = "unsure" // the outcome of a move is unknown
	busy   = "busy"   // the process was not ready
)

func endReason(err error) string {
	for cause, how := range map[error]string{errCut: cut, errSilent: silent, errUnsure: unsure, errBusy: busy, syscall.ECONNREFUSED: absent} {
		if errors.Is(err, cause) {
			return how
		}
	}
	return broken
}

func (r *follower) connection(ctx context.Context) error {
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	quiet := time.AfterFunc(silenceLimit, func() { hangUp(errSilent) })
	defer quiet.Stop()
	take := func(f frame) error {
		quiet.Reset(silenceLimit)
		return r.take(f)
	}
	listen := r.stream
	if r.token != "" || rand.IntN(3) == 0 {
		listen = r.socket
	}
	err := listen(ctx, take)
	if cause := context.Cause(ctx); cause != nil {
		return cause // err is only its effect
	}
	return err
}

// take joins an event, passes the frame to handle, and cuts the connection when its
// events are used up.
func (r *follower) take(f frame) error {
	if f.Type == "event" {
		r.joined = append(r.joined, string(f.Event))
		r.over = r.over || ending.Match(f.Event)
		r.life--
	}
	if r.handle != nil {
		if err := r.handle(f); err != nil {
			return err
		}
	}
	if r.life <= 0 || r.over && len(r.open) == 0 {
		r.life = 1 + rand.IntN(maxEventsPerConnection)
		return errCut
	}
	return nil
}

func (r *follower) randomInstance() string { return r.instances[rand.IntN(len(r.instances))] }

func (r *follower) socket(ctx context.Context, take func(frame) error) error {
	url := fmt.Sprintf("%s/v1/games/%s/socket?from_seq=%d", r.randomInstance(), r.gameID, len(r.joined)+1)
	options := &websocket.DialOptions{}
	if r.token != "" {
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + r.token}}
	}
	conn, answer, err := websocket.Dial(ctx, url, options)
	if err != nil {
		if answer != nil {
			return r.refusedConnection(answer)
		}
		return err
	}
	defer conn.CloseNow() // without a close frame
	conn.SetReadLimit(1 << 20)
	r.conn = conn
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			return wrong("%v in %s", err, text)
		}
		if err := take(f); err != nil {
			return err
		}
	}
}

// stream reads NDJSON from from_seq, or server-sent events after Last-Event-ID.
func (r *follower) stream(ctx context.Context, take func(frame) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.randomInstance()+"/v1/games/"+r.gameID+"/events", nil)
	if err != nil {
		return err
	}
	if sse := rand.IntN(2) == 0; sse {
		request.Header.Set("Accept", "text/event-stream")
		request.Header.Set("Last-Event-ID", fmt.Sprint(len(r.joined)))
	} else {
		request.URL.RawQuery = fmt.Sprintf("from_seq=%d", len(r.joined)+1)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return r.refusedConnection(answer)
	}
	lines := bufio.NewReader(answer.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err // an incomplete line is not an event
		}
		event, err := r.eventIn(strings.TrimSuffix(line, "\n"))
		if err == nil && event != "" {
			err = take(frame{Type: "event", Event: json.RawMessage(event)})
		}
		if err != nil {
			return err
		}
	}
}

// eventIn returns the event in a line, "" if the line holds something else.
func (r *follower) eventIn(line string) (string, error) {
	const event = `{"eventId"`
	field, value, _ := strings.Cut(line, ": ")
	switch {
	case strings.HasPrefix(line, event):
		return line, nil
	case field == "data" && strings.HasPrefix(value, event):
		return value, nil
	case field == "id" && value != fmt.Sprint(len(r.joined)+1):
		return "", wrong("id %s follows after %d events", value, len(r.joined))
	case slices.Contains([]string{"", "id", "event", "data"}, field):
		return "", nil // belongs to the next event or to the number of watchers
	}
	return "", wrong("unexpected line %q in the stream", line)
}

// refusedConnection returns errBusy for 503, which a process may answer while it starts,
// and for 404 of a process that has not read the game's first event yet. It returns a
// wrongError for any other status.
func (r *follower) refusedConnection(answer *http.Response) error {
	if answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusNotFound && len(r.joined) == 0 {
		return errBusy
	}
	return wrong("status %d", answer.StatusCode)
}
