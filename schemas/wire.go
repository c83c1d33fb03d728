package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Version is the schemaVersion of every envelope written by this code.
const Version = 1

// Record is an encoded message.
type Record struct {
	Topic, Key   string
	Type, Region string // the headers
	Value        []byte
}

// Message is what a processor or a service sends: a Command, an Event or a Reply.
type Message interface {
	// Record encodes the message. It panics if the payload is not that of the
	// message's type, which is a bug in this program: no client can cause it.
	Record() Record
}

// aggregate is the kind of aggregate that a message type belongs to.
type aggregate uint8

const (
	player aggregate = iota + 1
	queue
	game
)

// kind describes a message type.
type kind struct {
	of         aggregate
	newPayload func() any // nil if the type has no payload
}

func payload[P any]() func() any { return func() any { return new(P) } }

var commandKinds = map[CommandType]kind{
	RegisterPlayer: {player, payload[RegisterPlayerPayload]()},
	UpdatePlayer:   {player, payload[UpdatePlayerPayload]()},
	ClosePlayer:    {player, nil},
	EndSessions:    {player, payload[EndSessionsPayload]()},
	JoinQueue:      {player, payload[JoinQueuePayload]()},
	LeaveQueue:     {player, nil},
	ReleaseSeat:    {player, payload[ReleaseSeatPayload]()},
	RequeueSeat:    {player, payload[RequeueSeatPayload]()},
	SeatInGame:     {player, payload[SeatInGamePayload]()},
	TakeSeat:       {player, payload[TakeSeatPayload]()},
	RecordResult:   {player, payload[RecordResultPayload]()},

	EnterQueue:   {queue, payload[EnterQueuePayload]()},
	RemoveTicket: {queue, payload[RemoveTicketPayload]()},
	PairWave:     {queue, nil},
	HoldTicket:   {queue, payload[HoldTicketPayload]()},
	LapseTicket:  {queue, payload[HoldTicketPayload]()},
	EndLeases:    {queue, payload[EndLeasesPayload]()},
	DropLapsed:   {queue, nil},
	ConfirmMatch: {queue, payload[ConfirmMatchPayload]()},
	ExpireMatch:  {queue, payload[ExpireMatchPayload]()},

	CreateGame:  {game, payload[CreateGamePayload]()},
	PlayMove:    {game, payload[PlayMovePayload]()},
	Resign:      {game, nil},
	OfferDraw:   {game, nil},
	AcceptDraw:  {game, nil},
	DeclineDraw: {game, nil},
	ClaimDraw:   {game, nil},
	AddTime:     {game, nil},
	AbortGame:   {game, nil},
	CheckFlag:   {game, payload[CheckFlagPayload]()},
	EvictGame:   {game, nil},

	OfferTakeback:   {game, nil},
	AcceptTakeback:  {game, nil},
	DeclineTakeback: {game, nil},
	MarkGone:        {game, payload[MarkGonePayload]()},
	MarkPresent:     {game, payload[MarkPresentPayload]()},
	ClaimVanished:   {game, payload[ClaimVanishedPayload]()},
	OfferRematch:    {game, nil},
	AcceptRematch:   {game, nil},
	DeclineRematch:  {game, nil},
	FailRematch:     {game, payload[FailRematchPayload]()},

	Pulse:        {game, nil},
	RepairRow:    {game, nil},
	RepairPlayer: {player, nil},
	RepairQueue:  {queue, nil},
}

var eventKinds = map[EventType]kind{
	PlayerRegistered: {player, payload[PlayerFacts]()},
	PlayerUpdated:    {player, payload[PlayerFacts]()},
	PlayerRated:      {player, payload[PlayerRatedPayload]()},
	PlayerClosed:     {player, payload[PlayerClosedPayload]()},
	SessionsEnded:    {player, payload[SessionsEndedPayload]()},

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

	TakebackOffered:  {game, payload[TakebackOfferedPayload]()},
	TakebackDeclined: {game, payload[TakebackDeclinedPayload]()},
	TakebackAccepted: {game, payload[TakebackAcceptedPayload]()},
	TimeAdded:        {game, payload[TimeAddedPayload]()},
	TimeRestored:     {game, payload[TimeRestoredPayload]()},
	PlayerLeft:       {game, payload[PlayerLeftPayload]()},
	PlayerReturned:   {game, payload[PlayerReturnedPayload]()},
	RematchOffered:   {game, payload[RematchOfferedPayload]()},
	RematchDeclined:  {game, payload[RematchDeclinedPayload]()},
	RematchAccepted:  {game, payload[RematchAcceptedPayload]()},
	RematchFailed:    {game, payload[RematchFailedPayload]()},
}

// CommandTypes returns every command type, in no particular order.
func CommandTypes() []CommandType { return keys(commandKinds) }

// EventTypes returns every event type, in no particular order.
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

// RepairOf returns the command that repairs a row of the aggregate with that commands
// topic.
func RepairOf(commands string) CommandType {
	for _, t := range []CommandType{RepairRow, RepairPlayer, RepairQueue} {
		if CommandTopic(t) == commands {
			return t
		}
	}
	panic("schemas: " + commands + " is not a commands topic")
}

// CommandTopic returns the commands topic of t, or "" for an unknown type.
func CommandTopic(t CommandType) string { return commandTopics[commandKinds[t].of] }

// aggregateID is the part of an envelope that names its aggregate. One field is
// set, depending on the message type.
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
		return "", errors.New("the envelope must have the id field of its type's aggregate and no other")
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
	Region     string  `json:"region"`
	Actor      string  `json:"actor"`
	OccurredAt Time    `json:"occurredAt"`
	Code       Code    `json:"code,omitempty"`
	Detail     string  `json:"detail,omitempty"`
	Seq        int64   `json:"seq,omitempty"`
	Outage     *Outage `json:"outage,omitempty"`
}

// Record encodes the command for the commands topic of its aggregate.
func (c Command) Record() Record {
	if move, ok := c.Payload.(*PlayMovePayload); ok && c.Type == PlayMove {
		if value, ok := writePlayMove(c, move); ok {
			return Record{GameCommands, c.Key, string(PlayMove), c.Region, value}
		}
	}
	k := mustKind(commandKinds, c.Type)
	checkPayload(k, c.Payload, string(c.Type))
	return Record{commandTopics[k.of], c.Key, string(c.Type), c.Region, c.json(k)}
}

func (c Command) json(k kind) []byte {
	return mustJSON(commandWire[any]{c.ID, c.Type, Version, idOf(k.of, c.Key), c.Region, c.Actor, c.Payload})
}

// Record encodes the event for the events topic of its aggregate.
func (e Event) Record() Record {
	if move, ok := e.Payload.(*MoveMadePayload); ok && e.Type == MoveMade {
		if value, ok := writeMove(e, move); ok {
			return Record{GameEvents, e.Key, string(MoveMade), e.Region, value}
		}
	}
	k := mustKind(eventKinds, e.Type)
	checkPayload(k, e.Payload, string(e.Type))
	return Record{eventTopics[k.of], e.Key, string(e.Type), e.Region, e.json(k)}
}

func (e Event) json(k kind) []byte {
	return mustJSON(eventWire[any]{e.ID, e.Type, Version, idOf(k.of, e.Key), e.Seq, e.OccurredAt, e.Region, e.CommandID, e.Payload})
}

// Record encodes the reply for the command-replies topic.
func (r Reply) Record() Record {
	k := mustKind(commandKinds, r.CommandType)
	value := mustJSON(replyWire{r.Type, Version, r.CommandID, r.CommandType, idOf(k.of, r.Key), r.Region, r.Actor, r.OccurredAt, r.Code, r.Detail, r.Seq, r.Outage})
	return Record{CommandReplies, r.Key, string(r.Type), r.Region, value}
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
		panic(fmt.Sprintf("schemas: payload of %s is %T, want %T", name, p, want))
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("schemas: " + err.Error())
	}
	return b
}
