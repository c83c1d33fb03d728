// Sounds that the page makes itself: short tones, off by one click.
import { signal } from "@preact/signals";
import { Chess } from "chess.js";
import type { Color, GameEvent } from "./wire/types";
import type { Game } from "./game/fold";

export const soundsOn = signal(localStorage.getItem("tabiya.sounds") !== "off");

export function toggleSounds() {
  soundsOn.value = !soundsOn.value;
  localStorage.setItem("tabiya.sounds", soundsOn.value ? "on" : "off");
  if (soundsOn.value) tone(520, 0.05);
}

let context: AudioContext | undefined;

function tone(hz: number, seconds: number, after = 0, volume = 0.12, shape: OscillatorType = "triangle") {
  if (!soundsOn.peek() || !navigator.userActivation?.hasBeenActive) return; // browsers make no sound before a touch
  context ??= new AudioContext();
  const start = context.currentTime + after;
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = shape;
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(volume, start);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + seconds);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + seconds);
}

function move(san: string) {
  if (san.includes("x")) {
    tone(240, 0.09, 0, 0.16, "square");
    tone(360, 0.06, 0.03);
  } else tone(420, 0.06);
  if (san.includes("+") || san.includes("#")) tone(700, 0.12, 0.07);
}

export const sounds = {
  ownMove(fen: string, uci: string) {
    try {
      move(new Chess(fen).move(uci).san);
    } catch {
      // it is not legal: the server will say so
    }
  },
  event(e: GameEvent, mine: Color | undefined, g: Game) {
    if (e.eventType === "MoveMade" && e.payload.color !== mine) move(e.payload.san);
    else if (e.eventType === "GameStarted") [523, 659].forEach((hz, i) => tone(hz, 0.15, i * 0.12));
    else if (e.eventType === "DrawOffered" || e.eventType === "TakebackOffered" || e.eventType === "RematchOffered") tone(600, 0.15);
    else if (g.over && g.endedBy === e.eventType) [659, 523, 392].forEach((hz, i) => tone(hz, 0.22, i * 0.16));
  },
  lowTime() {
    tone(880, 0.08);
    tone(880, 0.08, 0.15);
  },
};
