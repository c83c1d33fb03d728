package schemas

// scanCommand decodes a PlayMove in the form that Record writes. ok is false for
// everything else, valid or not. The command's strings are substrings of s.
func scanCommand(s string) (cmd Command, ok bool) {
	p := &scanner{s: s, ok: true}
	p.lit(`{"commandId":"`)
	cmd.ID = p.str()
	p.lit(`,"commandType":"PlayMove","schemaVersion":`)
	cmd.Type = PlayMove
	p.int()
	p.lit(`,"gameId":"`)
	cmd.Key = p.str()
	p.lit(`,"region":"`)
	cmd.Region = p.str()
	p.lit(`,"actor":"`)
	cmd.Actor = p.str()
	var move PlayMovePayload
	p.lit(`,"payload":{"uci":"`)
	move.UCI = p.str()
	if p.opt(`,"ply":`) {
		move.Ply = int(p.int())
	}
	if p.opt(`,"lagCs":`) {
		move.LagCs = p.int()
	}
	p.lit(`}}`)
	if !p.ok || p.i != len(s) || cmd.Key == "" || !ValidID(cmd.ID) {
		return Command{}, false
	}
	cmd.Payload = &move
	return cmd, true
}
