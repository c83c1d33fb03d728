package test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
	"tabiya/test/check"
)

// Load of a chaos run. It leaves two cores enough time for three brokers and the parts.
const (
	chaosGames   = 10 // at the same time
	fewestChaos  = 6  // plies of a game that ends because the run ends
	maxThinkTime = 500 * time.Millisecond
	// chaosPatience is how long a client repeats a request.
	chaosPatience = 4 * time.Minute
)

// chaosTime is the time control of all games: no flag falls by an outage.
var chaosTime = schemas.TimeControl{InitialCs: 30 * 6000}

const chaosPool = "30+0" // the same for the queue

// chaosLoad plays games until stop is closed: half of them by queue, half made by a
// service; half of the players by requests, half over sockets.
type chaosLoad struct {
	instances    []string // of livegame
	client       *client.Client
	serviceToken string
	plies        int // of a game, at least
	progress     *chaosProgress
	stop         chan struct{}
	ctx          context.Context // of all games
	abandon      context.CancelFunc
	playing      sync.WaitGroup

	mu       sync.Mutex
	answers  []check.Answer
	streams  []check.Stream
	accounts []string
	wrongs   []check.Finding // what no client may be told
	games    map[string]int  // by how they were made
}

func (p *deployment) startLoad(t *testing.T, gateway string, plies int) *chaosLoad {
	t.Helper()
	ctx, abandon := context.WithCancel(context.Background())
	t.Cleanup(abandon)
	l := &chaosLoad{
		ctx: ctx, abandon: abandon, plies: plies,
		instances:    []string{p.urls[live1], p.urls[live2]},
		client:       client.New(client.Config{URL: gateway, Patience: chaosPatience, Connections: 64}),
		serviceToken: p.serviceToken, progress: newChaosProgress(), stop: make(chan struct{}), games: map[string]int{},
	}
	for n := range chaosGames {
		l.playing.Go(func() { l.pair(n) })
	}
	return l
}

// finish ends all games soon and returns when they have ended. Those that have not after
// limit are a finding and abandoned; what their players were told until then counts.
func (l *chaosLoad) finish(limit time.Duration) {
	defer l.abandon()
	close(l.stop)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.playing.Wait()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		l.wrongf("games have not ended after %s", limit)
		l.abandon()
		<-done
	}
}

func (l *chaosLoad) stopping() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

func (l *chaosLoad) wrongf(format string, args ...any) {
	if l.ctx.Err() != nil {
		return // an abandoned game ends with an error
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrongs = append(l.wrongs, check.Finding{Check: "client", What: fmt.Sprintf(format, args...)})
}

// pair registers two players and lets them play one game after the other.
func (l *chaosLoad) pair(n int) {
	var players [2]client.Player
	for i := range players {
		handle := fmt.Sprintf("chaos-%d-%d", n, i)
		p, err := l.client.Register(l.ctx, handle, client.Registration{Handle: handle, Password: "correct horse battery", ServiceToken: l.serviceToken})
		if err != nil {
			l.wrongf("%v", err)
			return
		}
		players[i] = p
		l.mu.Lock()
		l.accounts = append(l.accounts, p.ID)
		l.mu.Unlock()
	}
	last := [2]string{}
	for game := n; !l.stopping(); game++ {
		if n%2 == 0 {
			l.byService(players, game)
			continue
		}
		var sides sync.WaitGroup
		for i := range players { // who may be paired with others
			sides.Go(func() { last[i] = l.byQueue(players[i], last[i]) })
		}
		sides.Wait()
	}
}

// byService plays a game that a service makes.
func (l *chaosLoad) byService(players [2]client.Player, n int) {
	key := schemas.NewID()
	made, err := l.client.CreateGame(l.ctx, l.serviceToken, key, client.NewGame{White: players[0].ID, Black: players[1].ID, TimeControl: chaosTime, Rated: true})
	if client.CodeOf(err) == schemas.CodeKeyExpired {
		return // a key is good for a minute, which an outage can take
	}
	if err != nil {
		if outcome, err := outcomeOf(err); outcome != check.Unknown || err != nil {
			l.wrongf("create a game: %v", err)
		}
		return
	}
	l.count("by service")
	var sides sync.WaitGroup
	for i := range players {
		sides.Go(func() { l.play(made.ID, players[i], i) })
	}
	if n%3 == 0 {
		sides.Go(func() { l.watch(made.ID) })
	}
	sides.Wait()
}

func (l *chaosLoad) count(how string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.games[how]++
}

// byQueue joins the queue and plays the game that matchmaking makes. last is the
// player's game before. It returns the game's id.
func (l *chaosLoad) byQueue(p client.Player, last string) string {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	go func() {
		select {
		case <-l.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	gameID, err := l.match(ctx, p, last)
	if l.stopping() {
		ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
		defer cancel()
		_ = l.client.Leave(ctx, p, schemas.NewID(), chaosPool) // refused if there is a match, whose first move then expires
	}
	if err != nil {
		if !l.stopping() {
			l.wrongf("%s in the queue: %v", p.Handle, err)
			time.Sleep(time.Second)
		}
		return last
	}
	made, err := l.client.WaitForGame(l.ctx, gameID)
	switch {
	case err != nil:
		l.wrongf("read the matched game %s: %v", gameID, err)
	case made.White.PlayerID == p.ID:
		l.count("by queue")
		l.play(gameID, p, 0)
	case made.Black.PlayerID == p.ID:
		l.play(gameID, p, 1)
	default:
		l.wrongf("%s was sent to game %s of others", p.Handle, gameID)
	}
	return gameID
}

// errMatched and errReopen end the reading of a player's stream: there is a game; and
// only a new stream, which begins with the present state, tells how it stands.
var errMatched, errReopen = errors.New("matched"), errors.New("reopen the stream")

// match joins the queue and returns the player's game when there is one.
func (l *chaosLoad) match(ctx context.Context, p client.Player, last string) (gameID string, err error) {
	for {
		key := schemas.NewID()
		err := l.client.OwnEvents(ctx, p, func(e client.OwnEvent) error {
			switch {
			case e.Type == "game_started" && e.GameID != last:
				gameID = e.GameID
				return errMatched
			case e.Type == "state" && e.Seat.Status == "playing" && e.Seat.GameID != last:
				gameID = e.Seat.GameID
				return errMatched
			case e.Type == "left":
				return errReopen
			case e.Type != "state" || e.Seat.Status == "queued":
				return nil
			}
			err := l.client.Join(ctx, p, key, "eu", chaosPool)
			switch client.CodeOf(err) {
			case schemas.CodeAlreadyQueued:
				return nil
			case schemas.CodeAlreadyPlaying: // the game before is not folded yet, or the next has begun
				return errReopen
			}
			return err
		})
		switch {
		case errors.Is(err, errMatched):
			return gameID, nil
		case !errors.Is(err, errReopen):
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// play plays one side of a game to its end.
func (l *chaosLoad) play(gameID string, p client.Player, side int) {
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(gameID))
	plies := l.plies + int(seed.Sum64()%uint64(2*l.plies)) // the same for both sides
	r := &session{
		instances: l.instances, moves: gamestest.QuietGame(plies+3, seed.Sum64()), enough: l.stop, fewest: fewestChaos, most: plies,
		think: func() { time.Sleep(rand.N(maxThinkTime)) }, accepted: l.progress.accepted,
	}
	l.progress.started(gameID)
	defer l.progress.ended(gameID)
	var (
		follow  *follower
		results func() []check.Answer
	)
	if rand.IntN(2) == 0 {
		m := newRequestPlayer(l.ctx, r, l.client, gameID, p, side)
		follow, results = &m.follower, m.results
	} else {
		m := newSocketPlayer(r, gameID, p, side)
		follow, results = &m.follower, m.results
	}
	err := follow.follow(l.ctx)
	l.mu.Lock()
	l.answers = append(l.answers, results()...)
	l.mu.Unlock()
	l.joined(follow, err)
}

func (l *chaosLoad) watch(gameID string) {
	f := &follower{instances: l.instances, gameID: gameID}
	l.joined(f, f.follow(l.ctx))
}

func (l *chaosLoad) joined(f *follower, err error) {
	if err != nil {
		l.wrongf("game %s: %v", f.gameID, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams = append(l.streams, check.Stream{GameID: f.gameID, Events: f.joined})
}
