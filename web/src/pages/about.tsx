export function About() {
  document.title = "About · Tabiya";
  return (
    <section class="card narrow prose">
      <h1>About</h1>
      <p>
        Tabiya is a chess platform whose database is a log: a move is accepted once it is in the log, and everything else follows from there. The API that this page uses is at{" "}
        <a href="/openapi.json">/openapi.json</a>.
      </p>
      <h2>Credits and licences</h2>
      <ul>
        <li>
          Chess pieces: by <a href="https://en.wikipedia.org/wiki/User:Cburnett">Cburnett</a> and <a href="https://en.wikipedia.org/wiki/User:Rfc1394">Rfc1394</a>, modified by shaack,{" "}
          <a href="https://creativecommons.org/licenses/by-sa/3.0/">CC BY-SA 3.0</a>
        </li>
        <li>
          Board: <a href="https://github.com/shaack/cm-chessboard">cm-chessboard</a> (MIT, Stefan Haack)
        </li>
        <li>
          Rules: <a href="https://github.com/jhlywa/chess.js">chess.js</a> (BSD-2-Clause, Jeff Hlywa)
        </li>
        <li>
          Page: <a href="https://preactjs.com">Preact</a> and its signals (MIT, Jason Miller)
        </li>
      </ul>
    </section>
  );
}
