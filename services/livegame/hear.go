package livegame

import "tabiya/schemas"

// hear does what a frame asks for.
func (k *socket) hear(f clientFrame) {
	if f.Type == framePing {
		k.box.send(k.pongFrame())
		return
	}
	in, code, detail := f.intent()
	if move, ok := in.payload.(*schemas.PlayMovePayload); ok {
		move.LagCs = k.lag.of(f.Lag)
	}
	switch k.asked.begin(f.ClientMoveID, question{in.kind, in.what}) {
	case askedBefore:
		return // one answer is on its way, or was given
	case askedOther:
		k.box.send(errorFrame(schemas.CodeKeyReused, keyReused().detail)) // the id has its answer
		return
	case askedTooMuch:
		k.box.send(refusedFrame(f.ClientMoveID, schemas.CodeRateLimited, "wait for the answers to the frames before"))
		return
	}
	if code == "" {
		code, detail = k.mayAct()
	}
	var cmd schemas.Command
	if code == "" {
		cmd, code, detail = k.service.command(k.gameID, k.playerID, k.commandID(f.ClientMoveID), in)
	}
	if code != "" {
		k.asked.end(f.ClientMoveID, false)
		k.box.send(refusedFrame(f.ClientMoveID, code, detail))
		return
	}
	k.service.ask(cmd, in.what, func(o outcome) {
		k.asked.end(f.ClientMoveID, o.code == "")
		if o.code != "" {
			k.box.send(refusedFrame(f.ClientMoveID, o.code, o.detail))
			return
		}
		k.box.send(ackFrame(f.ClientMoveID, o.seq))
	})
}

// pongFrame tells the client its lag as well, once there is a measure.
func (k *socket) pongFrame() item {
	f := serverFrame{Type: "pong"}
	if cs, ok := k.lag.cs(); ok {
		f.LagCs = &cs
	}
	return f.item()
}

// mayAct checks the token again: a socket may outlive it.
func (k *socket) mayAct() (schemas.Code, string) {
	switch {
	case k.playerID == "" && k.token != "":
		return schemas.CodeForbidden, "this is for players, not for services"
	case k.playerID == "":
		return schemas.CodeUnauthenticated, "this needs a player's token"
	}
	if _, err := k.service.cfg.Verifier.Verify(k.token); err != nil {
		return schemas.CodeTokenExpired, "sign in again and connect again"
	}
	return "", ""
}

func (k *socket) commandID(clientMoveID string) string {
	if clientMoveID == "" {
		return schemas.NewID()
	}
	return schemas.CommandID(k.playerID, clientMoveID)
}
