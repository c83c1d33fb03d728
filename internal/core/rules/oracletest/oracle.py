"""Reports what python-chess says about games and FENs: one JSON line per request and per response."""

import json
import sys

import chess


def position(board, seen, following, sans):
    legal = sorted(board.legal_moves, key=chess.Move.uci)
    # Board.is_repetition compares by this key, but does not return the count.
    key = board._transposition_key()
    seen[key] = seen.get(key, 0) + 1
    outcome = board.outcome(claim_draw=False)
    return {
        "fen": board.fen(en_passant="legal"),
        "legal": [move.uci() for move in legal],
        "sans": [board.san(move) for move in legal] if sans else None,
        "san": board.san(following) if following in legal else "",
        "check": board.is_check(),
        "checkmate": board.is_checkmate(),
        "stalemate": board.is_stalemate(),
        "insufficient": board.is_insufficient_material(),
        "cannotMate": [board.has_insufficient_material(color) for color in (chess.WHITE, chess.BLACK)],
        "seen": seen[key],
        "threefold": board.is_repetition(3),
        "fivefold": board.is_fivefold_repetition(),
        "fifty": board.is_fifty_moves(),
        "seventyFive": board.is_seventyfive_moves(),
        "outcome": outcome.termination.name if outcome else "",
    }


def game(fen, moves, every):
    """All positions of a game, up to the first move that is not legal."""
    board, seen = chess.Board(fen), {}
    for ply, uci in enumerate(moves):
        move = chess.Move.from_uci(uci)
        reported = position(board, seen, move, ply % every == 0)
        yield reported
        if not reported["san"]:
            return
        board.push(move)
    yield position(board, seen, None, len(moves) % every == 0)


def status(fen):
    """Why a game cannot start here; empty if it can."""
    try:
        board = chess.Board(fen)
    except ValueError:
        return ["MALFORMED"]
    reasons = [flag.name for flag in chess.Status if board.status() & flag]
    outcome = None if reasons else board.outcome(claim_draw=False)
    return reasons + ([outcome.termination.name] if outcome else [])


for line in sys.stdin:
    request = json.loads(line)
    if "fens" in request:
        response = [status(fen) for fen in request["fens"]]
    else:
        response = list(game(request["fen"], request["moves"], request["every"]))
    print(json.dumps(response, separators=(",", ":")), flush=True)
