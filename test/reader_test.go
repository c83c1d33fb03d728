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
	// patience is how long a reader listens to nothing before he tries another
	// connection: a frozen process keeps the old one open.
	patience = 2 * time.Second
	// breather is how long he needs at most before he is back.
	breather = 500 * time.Millisecond
	// longestLife is how many events he hears at most before he cuts.
	longestLife = 3
)

// reader joins one game's events over many connections. He cuts each after a few
// events and goes on where he was, with whichever instance he happens to find.
type reader struct {
	fleet  []string // addresses of the instances, alive or not
	gameID string
	token  string              // of a player, who is always on a socket
	hear   func(f frame) error // gets every frame of a socket, an event once it is joined
	joined []string
	over   bool
	open   map[string]string // frames that are not answered, by clientMoveId
	life   int               // events until he cuts
	ends   map[string]int    // how his connections ended
	conn   *websocket.Conn
}

// frame is what the server says on a socket.
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
	errCut    = errors.New("he cut it himself")
	errSilent = errors.New("nothing came")
	errUnsure = errors.New("the server could not say what became of a move")
	errBusy   = errors.New("not ready")
)

// wrongError is what no reconnection explains.
type wrongError struct{ what string }

func (e *wrongError) Error() string { return e.what }

func wrong(format string, args ...any) error { return &wrongError{fmt.Sprintf(format, args...)} }

// follow reads until the game is over and everything he said is answered.
func (r *reader) follow(ctx context.Context) error {
	r.ends, r.life = map[string]int{}, 1+rand.IntN(longestLife)
	for {
		err := r.connection(ctx)
		if bad := (*wrongError)(nil); errors.As(err, &bad) {
			return err
		}
		if r.over && len(r.open) == 0 {
			return nil
		}
		r.ends[howEnded(err)]++
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events so far, %d frames not answered: %w (%w)", len(r.joined), len(r.open), ctx.Err(), err)
		case <-time.After(rand.N(breather)):
		}
	}
}

// Ways in which a connection ends.
const (
	cut    = "cut"    // by the reader
	broken = "broken" // by the other side
	absent = "absent" // nobody was there
	silent = "silent" // frozen, or the game stands still
	unsure = "unsure"
	busy   = "busy"
)

func howEnded(err error) string {
	for cause, how := range map[error]string{errCut: cut, errSilent: silent, errUnsure: unsure, errBusy: busy, syscall.ECONNREFUSED: absent} {
		if errors.Is(err, cause) {
			return how
		}
	}
	return broken
}

func (r *reader) connection(ctx context.Context) error {
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	quiet := time.AfterFunc(patience, func() { hangUp(errSilent) })
	defer quiet.Stop()
	take := func(f frame) error {
		quiet.Reset(patience)
		return r.take(f)
	}
	listen := r.stream
	if r.token != "" || rand.IntN(3) == 0 {
		listen = r.socket
	}
	err := listen(ctx, take)
	if cause := context.Cause(ctx); cause != nil {
		return cause // of what err is only the effect
	}
	return err
}

// take joins an event, has it heard, and cuts when it is time.
func (r *reader) take(f frame) error {
	if f.Type == "event" {
		r.joined = append(r.joined, string(f.Event))
		r.over = r.over || ending.Match(f.Event)
		r.life--
	}
	if r.hear != nil {
		if err := r.hear(f); err != nil {
			return err
		}
	}
	if r.life <= 0 || r.over && len(r.open) == 0 {
		r.life = 1 + rand.IntN(longestLife)
		return errCut
	}
	return nil
}

func (r *reader) any() string { return r.fleet[rand.IntN(len(r.fleet))] }

func (r *reader) socket(ctx context.Context, take func(frame) error) error {
	url := fmt.Sprintf("%s/v1/games/%s/socket?from_seq=%d", r.any(), r.gameID, len(r.joined)+1)
	options := &websocket.DialOptions{}
	if r.token != "" {
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + r.token}}
	}
	conn, answer, err := websocket.Dial(ctx, url, options)
	if err != nil {
		if answer != nil {
			return unwelcome(answer)
		}
		return err
	}
	defer conn.CloseNow() // no farewell
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

// stream is NDJSON from from_seq, or server-sent events after Last-Event-ID.
func (r *reader) stream(ctx context.Context, take func(frame) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.any()+"/v1/games/"+r.gameID+"/events", nil)
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
		return unwelcome(answer)
	}
	lines := bufio.NewReader(answer.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err // what came of the line is no event
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

// eventIn is the event in a line; empty if it holds something else.
func (r *reader) eventIn(line string) (string, error) {
	const event = `{"eventId"`
	field, value, _ := strings.Cut(line, ": ")
	switch {
	case strings.HasPrefix(line, event):
		return line, nil
	case field == "data" && strings.HasPrefix(value, event):
		return value, nil
	case field == "id" && value != fmt.Sprint(len(r.joined)+1):
		return "", wrong("after %d events comes the id %s", len(r.joined), value)
	case slices.Contains([]string{"", "id", "event", "data"}, field):
		return "", nil // of the next event, or of how many watch
	}
	return "", wrong("the stream has the line %q", line)
}

// unwelcome: a process that has just started may say that it is not ready,
// nothing else.
func unwelcome(answer *http.Response) error {
	if answer.StatusCode == http.StatusServiceUnavailable {
		return errBusy
	}
	return wrong("status %d", answer.StatusCode)
}
