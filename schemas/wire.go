package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Version is the schemaVersion of every envelope written by this code.
const Version = 1

// Record is a message as it is handed to Kafka.
type Record struct {
	Topic, Key   string
	Type, Region string // the headers
	Value        []byte
}

// Message is what a processor or a service sends: a Command, an Event or a Reply.
type Message interface {
	// Record encodes the message. It panics only on a payload that its type
	// does not have, which is a bug in this program and never a client's doing.
	Record() Record
}

// aggregate tells which aggregate a type belongs to.
type aggregate uint8

const (
	player aggregate = iota + 1
	queue
	game
)

// kind says what one message type is: whose it is and how its payload is made.
type kind struct {
	of         aggregate
	newPayload func() any // nil: no payload
}

func payload[P any]() func() any { return func() any { return new(P) } }

var commandKinds = map[CommandType]kind{
	RegisterPlayer: {player, payload[RegisterPlayerPayload]()},
	UpdatePlayer:   {player, payload[UpdatePlayerPayload]()},
	ClosePlayer:    {player, nil},
	JoinQueue:      {player, payload[JoinQueuePayload]()},
	LeaveQueue:     {player, nil},
	ReleaseSeat:    {player, payload[ReleaseSeatPayload]()},
	RequeueSeat:    {player, payload[RequeueSeatPayload]()},
	SeatInGame:     {player, payload[SeatInGamePayload]()},
	RecordResult:   {player, payload[RecordResultPayload]()},

	EnterQueue:   {queue, payload[EnterQueuePayload]()},
	RemoveTicket: {queue, payload[RemoveTicketPayload]()},
	PairWave:     {queue, nil},
	ConfirmMatch: {queue, payload[ConfirmMatchPayload]()},
	ExpireMatch:  {queue, payload[ExpireMatchPayload]()},

	CreateGame:  {game, payload[CreateGamePayload]()},
	PlayMove:    {game, payload[PlayMovePayload]()},
	Resign:      {game, nil},
	OfferDraw:   {game, nil},
	AcceptDraw:  {game, nil},
	DeclineDraw: {game, nil},
	AbortGame:   {game, nil},
	CheckFlag:   {game, payload[CheckFlagPayload]()},
	EvictGame:   {game, nil},
}

var eventKinds = map[EventType]kind{
	PlayerRegistered: {player, payload[PlayerFacts]()},
	PlayerUpdated:    {player, payload[PlayerFacts]()},
	PlayerRated:      {player, payload[PlayerRatedPayload]()},
	PlayerClosed:     {player, payload[PlayerClosedPayload]()},

	PlayerQueued:    {queue, payload[PlayerQueuedPayload]()},
	PlayerLeftQueue: {queue, payload[PlayerLeftQueuePayload]()},
	MatchFound:      {queue, payload[MatchFoundPayload]()},
	MatchConfirmed:  {queue, payload[MatchConfirmedPayload]()},
	MatchFailed:     {queue, payload[MatchFailedPayload]()},

	GameCreated:  {game, payload[GameCreatedPayload]()},
	GameStarted:  {game, payload[GameStartedPayload]()},
	MoveMade:     {game, payload[MoveMadePayload]()},
	DrawOffered:  {game, payload[DrawOfferedPayload]()},
	DrawDeclined: {game, payload[DrawDeclinedPayload]()},
	GameEnded:    {game, payload[GameOver]()},
	GameResigned: {game, payload[GameOver]()},
	GameTimeout:  {game, payload[GameOver]()},
	GameAborted:  {game, payload[GameOver]()},
}

// CommandTypes lists every command type, in no order.
func CommandTypes() []CommandType { return keys(commandKinds) }

// EventTypes lists every event type, in no order.
func EventTypes() []EventType { return keys(eventKinds) }

func keys[K comparable, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

var (
	commandTopics = map[aggregate]string{player: PlayerCommands, queue: QueueCommands, game: GameCommands}
	eventTopics   = map[aggregate]string{player: PlayerEvents, queue: QueueEvents, game: GameEvents}
)

// CommandTopic is the topic that commands of a type travel on; "" for no type.
func CommandTopic(t CommandType) string { return commandTopics[commandKinds[t].of] }

// aggregateID is the part of an envelope that names its aggregate: one field is
// set, by the type.
type aggregateID struct {
	GameID   string `json:"gameId,omitempty"`
	PlayerID string `json:"playerId,omitempty"`
	QueueKey string `json:"queueKey,omitempty"`
}

func idOf(a aggregate, key string) aggregateID {
	switch a {
	case player:
		return aggregateID{PlayerID: key}
	case queue:
		return aggregateID{QueueKey: key}
	default:
		return aggregateID{GameID: key}
	}
}

func (id aggregateID) key(a aggregate) (string, error) {
	key := id.GameID
	switch a {
	case player:
		key = id.PlayerID
	case queue:
		key = id.QueueKey
	}
	if key == "" || id != idOf(a, key) {
		return "", errors.New("the envelope does not name exactly the aggregate of its type")
	}
	return key, nil
}

type commandWire[P any] struct {
	CommandID     string      `json:"commandId"`
	CommandType   CommandType `json:"commandType"`
	SchemaVersion int         `json:"schemaVersion"`
	aggregateID
	Region  string `json:"region"`
	Actor   string `json:"actor"`
	Payload P      `json:"payload,omitempty"`
}

type eventWire[P any] struct {
	EventID       string    `json:"eventId"`
	EventType     EventType `json:"eventType"`
	SchemaVersion int       `json:"schemaVersion"`
	aggregateID
	Seq        int64  `json:"seq"`
	OccurredAt Time   `json:"occurredAt"`
	Region     string `json:"region"`
	CommandID  string `json:"commandId"`
	Payload    P      `json:"payload"`
}

type replyWire struct {
	ReplyType     ReplyType   `json:"replyType"`
	SchemaVersion int         `json:"schemaVersion"`
	CommandID     string      `json:"commandId"`
	CommandType   CommandType `json:"commandType"`
	aggregateID
	Region     string `json:"region"`
	Actor      string `json:"actor"`
	OccurredAt Time   `json:"occurredAt"`
	Code       Code   `json:"code,omitempty"`
	Detail     string `json:"detail,omitempty"`
	Seq        int64  `json:"seq,omitempty"`
}

// Record encodes the command for its aggregate's commands topic.
func (c Command) Record() Record {
	k := mustKind(commandKinds, c.Type)
	checkPayload(k, c.Payload, string(c.Type))
	value := mustJSON(commandWire[any]{c.ID, c.Type, Version, idOf(k.of, c.Key), c.Region, c.Actor, c.Payload})
	return Record{commandTopics[k.of], c.Key, string(c.Type), c.Region, value}
}

// Record encodes the event for its aggregate's events topic.
func (e Event) Record() Record {
	k := mustKind(eventKinds, e.Type)
	checkPayload(k, e.Payload, string(e.Type))
	value := mustJSON(eventWire[any]{e.ID, e.Type, Version, idOf(k.of, e.Key), e.Seq, e.OccurredAt, e.Region, e.CommandID, e.Payload})
	return Record{eventTopics[k.of], e.Key, string(e.Type), e.Region, value}
}

// Record encodes the reply for the command-replies topic.
func (r Reply) Record() Record {
	k := mustKind(commandKinds, r.CommandType)
	value := mustJSON(replyWire{r.Type, Version, r.CommandID, r.CommandType, idOf(k.of, r.Key), r.Region, r.Actor, r.OccurredAt, r.Code, r.Detail, r.Seq})
	return Record{CommandReplies, r.Key, string(r.Type), r.Region, value}
}

// DecodeCommand reads a commands record's value. Any bytes at all give a
// command or an error, never a panic.
func DecodeCommand(value []byte) (Command, error) {
	var w commandWire[any]
	w.CommandType = CommandType(hint(value, commandTypeField))
	w.Payload = commandKinds[w.CommandType].blank()
	k, err := decodeEnvelope(value, &w, &w.CommandType, &w.Payload, commandKinds)
	if err != nil {
		return Command{}, fmt.Errorf("decode command: %w", err)
	}
	key, err := w.key(k.of)
	if err != nil {
		return Command{}, fmt.Errorf("decode command %s: %w", w.CommandType, err)
	}
	if !ValidID(w.CommandID) {
		return Command{}, fmt.Errorf("decode command %s: id %.60q is not a UUID", w.CommandType, w.CommandID)
	}
	return Command{w.CommandID, w.CommandType, key, w.Region, w.Actor, w.Payload}, nil
}

// DecodeEvent reads an events record's value. Any bytes at all give an event or
// an error, never a panic.
func DecodeEvent(value []byte) (Event, error) {
	var w eventWire[any]
	w.EventType = EventType(hint(value, eventTypeField))
	w.Payload = eventKinds[w.EventType].blank()
	k, err := decodeEnvelope(value, &w, &w.EventType, &w.Payload, eventKinds)
	if err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	key, err := w.key(k.of)
	if err != nil {
		return Event{}, fmt.Errorf("decode event %s: %w", w.EventType, err)
	}
	if w.Seq < 1 {
		return Event{}, fmt.Errorf("decode event %s: seq %d is not positive", w.EventType, w.Seq)
	}
	return Event{w.EventID, w.EventType, key, w.Seq, w.OccurredAt, w.Region, w.CommandID, w.Payload}, nil
}

// DecodeReply reads a command-replies record's value.
func DecodeReply(value []byte) (Reply, error) {
	var w replyWire
	if err := json.Unmarshal(value, &w); err != nil {
		return Reply{}, fmt.Errorf("decode reply: %w", err)
	}
	k, ok := commandKinds[w.CommandType]
	if !ok || (w.ReplyType != CommandRejected && w.ReplyType != CommandRepeated) {
		return Reply{}, fmt.Errorf("decode reply: unknown type %.60q to command %.60q", w.ReplyType, w.CommandType)
	}
	key, err := w.key(k.of)
	if err != nil {
		return Reply{}, fmt.Errorf("decode reply to %s: %w", w.CommandType, err)
	}
	return Reply{w.ReplyType, w.CommandID, w.CommandType, key, w.Region, w.Actor, w.OccurredAt, w.Code, w.Detail, w.Seq}, nil
}

// decodeEnvelope reads value into the envelope w, whose type and payload are
// given: in one pass if they were hinted right, as our own encoders make it, and
// in a second one if not.
func decodeEnvelope[T ~string](value []byte, w any, name *T, payload *any, kinds map[T]kind) (kind, error) {
	hinted := *name
	if err := json.Unmarshal(value, w); err != nil {
		return kind{}, err
	}
	k, ok := kinds[*name]
	switch {
	case !ok:
		return kind{}, fmt.Errorf("unknown type %.60q", string(*name))
	case k.newPayload == nil:
		*payload = nil
		return k, nil
	case *name == hinted && *payload != nil && bytes.Contains(value, payloadField):
		return k, nil
	}
	var alone struct {
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(value, &alone); err != nil {
		return kind{}, err
	}
	if len(alone.Payload) == 0 || string(alone.Payload) == "null" {
		return kind{}, fmt.Errorf("%s without a payload", string(*name))
	}
	*payload = k.newPayload()
	if err := json.Unmarshal(alone.Payload, *payload); err != nil {
		return kind{}, fmt.Errorf("%s: payload: %w", string(*name), err)
	}
	return k, nil
}

var (
	commandTypeField = []byte(`"commandType":"`)
	eventTypeField   = []byte(`"eventType":"`)
	payloadField     = []byte(`"payload":`)
)

// hint finds the message's type without parsing it; "" or nonsense if it is not
// where our encoders put it.
func hint(value, field []byte) string {
	_, rest, _ := bytes.Cut(value[:min(len(value), 160)], field)
	name, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(name)
}

// blank is an empty payload of the kind, nil if it has none.
func (k kind) blank() any {
	if k.newPayload == nil {
		return nil
	}
	return k.newPayload()
}

func mustKind[T ~string](kinds map[T]kind, t T) kind {
	k, ok := kinds[t]
	if !ok {
		panic("schemas: unknown message type " + string(t))
	}
	return k
}

func checkPayload(k kind, p any, name string) {
	if k.newPayload == nil {
		if p != nil {
			panic("schemas: " + name + " has no payload")
		}
		return
	}
	if want := k.newPayload(); reflect.TypeOf(p) != reflect.TypeOf(want) {
		panic(fmt.Sprintf("schemas: payload of %s is %T, not %T", name, p, want))
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("schemas: " + err.Error())
	}
	return b
}
