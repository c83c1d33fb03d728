import { account, signOut } from "./session";
import { path } from "./router";
import { seat } from "./ownevents";
import { soundsOn, toggleSounds } from "./sounds";
import { toggleTheme } from "./theme";
import { GamePage } from "./game/page";
import { About } from "./pages/about";
import { LeaderboardPage } from "./pages/leaderboard";
import { Lobby } from "./pages/lobby";
import { PlayerPage } from "./pages/player";
import { SignIn } from "./pages/signin";
import { Channels, TVPage } from "./pages/tv";
import { speeds, type Speed } from "./wire/types";

export function App() {
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <footer>
        <a href="/about">About, credits and licences</a>
      </footer>
    </>
  );
}

function Header() {
  const who = account.value;
  const playing = seat.value.status === "playing" && path.value !== "/" && path.value !== `/game/${seat.value.gameId}` ? seat.value.gameId : undefined;
  return (
    <header>
      <a class="brand" href="/">
        <span class="logo" aria-hidden="true" />
        <span class="word">Tabiya</span>
      </a>
      <nav aria-label="Main">
        <a href="/" aria-current={path.value === "/" ? "page" : undefined}>
          Play
        </a>
        <a href="/tv" aria-current={path.value.startsWith("/tv") ? "page" : undefined}>
          Watch
        </a>
        <a href="/leaderboard" aria-current={path.value.startsWith("/leaderboard") ? "page" : undefined}>
          Best
        </a>
      </nav>
      <div class="spacer" />
      {playing && (
        <a class="button primary small" href={`/game/${playing}`}>
          Back to your game
        </a>
      )}
      <button class="icon" onClick={toggleSounds} aria-pressed={soundsOn.value} title={soundsOn.value ? "Sounds are on" : "Sounds are off"} aria-label="Sounds">
        <span aria-hidden="true">{soundsOn.value ? "♪" : "♪̸"}</span>
      </button>
      <button class="icon" onClick={toggleTheme} title="Light or dark" aria-label="Light or dark">
        <span aria-hidden="true">◐</span>
      </button>
      {who ? (
        <>
          <a class="me" href={`/player/${who.handle}`}>
            {who.handle}
          </a>
          <button class="small" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      ) : (
        who === null && (
          <a class="button small" href="/sign-in">
            Sign in
          </a>
        )
      )}
    </header>
  );
}

/** decoded is a part of the address as it was meant, or as it is if it means nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Page() {
  const [, first, second] = path.value.split("/").map(decoded);
  switch (first) {
    case "":
      return <Lobby />;
    case "sign-in":
    case "register":
      return <SignIn key={first} registering={first === "register"} />;
    case "game":
      if (second && account.value !== undefined) return <GamePage key={second + account.value?.id} id={second} me={account.value?.id} />;
      return <p class="loading">Loading…</p>;
    case "player":
      if (second) return <PlayerPage key={second} name={second} />;
      break;
    case "tv":
      if (second && speeds.includes(second as Speed)) return <TVPage key={second} speed={second as Speed} />;
      if (!second) return <Channels />;
      break;
    case "leaderboard": {
      const speed = (second || "blitz") as Speed;
      if (speeds.includes(speed)) return <LeaderboardPage key={speed} speed={speed} />;
      break;
    }
    case "about":
      return <About />;
  }
  return (
    <section class="card narrow">
      <h1>There is no such page</h1>
      <p>
        The address may be mistyped. <a href="/">Play a game</a> or <a href="/tv">watch one</a>.
      </p>
    </section>
  );
}
