import { useEffect, useState } from "preact/hooks";
import { api, newKey } from "../api";
import { startedGame } from "../ownevents";
import { go } from "../router";
import { poolName } from "../pages/lobby";
import { useTick } from "../tick";
import { other, running } from "./fold";
import type { Table } from "./table";
import { canClaimDraw, rematchFailure } from "./words";

/** Controls are what a player can do besides moving. */
export function Controls({ table }: { table: Table }) {
  const g = table.game.value!;
  const mine = table.color.value!;
  if (g.over) return <AfterGame table={table} />;
  const opponent = g[other(mine)].handle;
  return (
    <div class="controls">
      {g.drawOffer === other(mine) && <Answer what={`${opponent} offers a draw`} onYes={() => table.command({ type: "draw", action: "accept" })} onNo={() => table.command({ type: "draw", action: "decline" })} />}
      {g.takebackOffer === other(mine) && (
        <Answer what={`${opponent} asks to take back their last move`} onYes={() => table.command({ type: "takeback", action: "accept" })} onNo={() => table.command({ type: "takeback", action: "decline" })} />
      )}
      <Vanished table={table} />
      <div class="row">
        {g.plies.length < 2 ? (
          <button onClick={() => table.command({ type: "abort" })}>Abort the game</button>
        ) : (
          <>
            <button disabled={g.drawOffer === mine} onClick={() => table.command({ type: "draw", action: "offer" })}>
              {g.drawOffer === mine ? "Draw offered" : "Offer a draw"}
            </button>
            {g.turn === mine && canClaimDraw(g) && <button onClick={() => table.command({ type: "draw", action: "claim" })}>Claim the draw</button>}
            <Resign table={table} />
          </>
        )}
        {g.plies.some((p) => p.color === mine) && (
          <button disabled={g.takebackOffer === mine} onClick={() => table.command({ type: "takeback", action: "offer" })}>
            {g.takebackOffer === mine ? "Takeback asked for" : "Ask for a takeback"}
          </button>
        )}
        {running(g) && (
          <button title={`Give ${opponent} 15 seconds`} onClick={() => table.command({ type: "time" })}>
            Give 15 s
          </button>
        )}
      </div>
    </div>
  );
}

function Answer({ what, onYes, onNo }: { what: string; onYes: () => void; onNo: () => void }) {
  return (
    <div class="ask" role="alert">
      <span>{what}.</span>
      <span class="row">
        <button class="primary" onClick={onYes}>
          Accept
        </button>
        <button onClick={onNo}>Decline</button>
      </span>
    </div>
  );
}

function Resign({ table }: { table: Table }) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), 5000);
    return () => clearTimeout(timer);
  }, [asked]);
  if (!asked) return <button onClick={() => setAsked(true)}>Resign</button>;
  return (
    <>
      <button
        class="danger"
        onClick={() => {
          setAsked(false);
          table.command({ type: "resign" });
        }}
      >
        Really resign
      </button>
      <button onClick={() => setAsked(false)}>No, play on</button>
    </>
  );
}

/** Vanished counts down to the moment at which the game may be claimed. */
function Vanished({ table }: { table: Table }) {
  const at = table.claimableAt.value;
  useTick(500, at !== undefined);
  if (at === undefined) return null;
  const g = table.game.value!;
  const left = Math.ceil((at - table.now()) / 1000);
  const name = table.opponentName();
  if (left > 0) return <p class="ask">{`${name} has left. You can claim the game in ${left} s if they do not come back.`}</p>;
  if (g.turn === table.color.value) return <p class="ask">{`${name} has left. Play on: you can claim the game on their turn.`}</p>;
  return (
    <div class="ask" role="alert">
      <span>{name} has left.</span>
      <span class="row">
        <button class="primary" onClick={() => table.command({ type: "claim", as: "win" })}>
          Claim the win
        </button>
        <button onClick={() => table.command({ type: "claim", as: "draw" })}>Claim a draw</button>
      </span>
    </div>
  );
}

function AfterGame({ table }: { table: Table }) {
  const g = table.game.value!;
  const mine = table.color.value!;
  const opponent = g[other(mine)].handle;
  const [problem, setProblem] = useState("");
  const live = table.link.value !== "closed";
  useEffect(() => {
    if (g.rematch && live && startedGame.value === g.rematch) go(`/game/${g.rematch}`);
  }, [g.rematch, startedGame.value]);
  async function again() {
    try {
      await api.join(g.queue!, newKey());
      go("/");
    } catch (err) {
      setProblem((err as Error).message);
    }
  }
  return (
    <div class="controls">
      {live && g.rematchOffer === other(mine) && <Answer what={`${opponent} offers a rematch`} onYes={() => table.command({ type: "rematch", action: "accept" })} onNo={() => table.command({ type: "rematch", action: "decline" })} />}
      {g.rematchDeclined && <p class="muted">The rematch was declined.</p>}
      {g.rematch && live && <p class="muted">The rematch is about to start.</p>}
      {g.rematchFailed && (
        <p class="muted" role="status">
          {rematchFailure(g.rematchFailed.reason, g.rematchFailed.color === mine ? "" : opponent)}
        </p>
      )}
      <div class="row">
        {live && !g.rematch && !g.rematchFailed && !g.rematchDeclined && g.rematchOffer !== other(mine) && (
          <button class="primary" disabled={g.rematchOffer === mine} onClick={() => table.command({ type: "rematch", action: "offer" })}>
            {g.rematchOffer === mine ? "Rematch offered" : "Offer a rematch"}
          </button>
        )}
        {g.queue && <button onClick={() => void again()}>New {poolName(g.queue)} game</button>}
        {g.rematch && !live && <a href={`/game/${g.rematch}`}>To the rematch</a>}
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
    </div>
  );
}
