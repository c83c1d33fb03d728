import { useState } from "preact/hooks";
import { go } from "../router";
import { account, register, signIn } from "../session";

/** checkName says what is wrong with a name, or "" if nothing is. */
export function checkName(name: string): string {
  if (name.length < 2 || name.length > 20) return "A name has 2 to 20 characters.";
  if (!/^[A-Za-z0-9_-]+$/.test(name)) return "A name has letters, digits, - and _ only.";
  return "";
}

export function SignIn({ registering }: { registering: boolean }) {
  document.title = `${registering ? "Register" : "Sign in"} · Tabiya`;
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [email, setEmail] = useState("");

  if (account.value && !busy) {
    return (
      <section class="card narrow">
        <h1>You are signed in as {account.value.handle}</h1>
        <p>
          <a href="/">Play a game</a>
        </p>
      </section>
    );
  }

  async function submit(e: Event) {
    e.preventDefault();
    const wrong = registering ? checkName(name) || (password.length < 8 ? "A password has at least 8 characters." : "") : "";
    setProblem(wrong);
    if (wrong) return;
    setBusy(true);
    try {
      await (registering ? register(name, password, email) : signIn(name, password));
      go("/");
    } catch (err) {
      setProblem(err instanceof Error ? err.message : String(err));
    } finally {
      setBusy(false);
    }
  }

  return (
    <section class="card narrow">
      <h1>{registering ? "Register" : "Sign in"}</h1>
      <form onSubmit={(e) => void submit(e)} noValidate>
        <label>
          {registering ? "Name" : "Name or e-mail address"}
          <input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <label>
          Password
          <input type="password" name="password" autocomplete={registering ? "new-password" : "current-password"} value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
        </label>
        {registering && (
          <label>
            E-mail address (if you like; to sign in with)
            <input type="email" name="email" autocomplete="email" value={email} onInput={(e) => setEmail(e.currentTarget.value)} />
          </label>
        )}
        <p class="problem" role="alert">
          {problem}
        </p>
        <button class="primary wide" disabled={busy}>
          {registering ? "Register" : "Sign in"}
        </button>
      </form>
      <p>{registering ? <a href="/sign-in">I have an account</a> : <a href="/register">New here? Register</a>}</p>
    </section>
  );
}
