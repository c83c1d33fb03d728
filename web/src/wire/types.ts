// Names for the generated types of the wire; see scripts/types.mjs.
import type { components, operations } from "./api";
import type { GameEvent } from "./events";

export type { GameEvent, MoveMade } from "./events";

type Schemas = components["schemas"];
export type Account = Schemas["Account"];
export type Code = Schemas["Code"];
export type Color = Schemas["Color"];
export type FinishedGame = Schemas["FinishedGame"];
export type LiveGame = Schemas["LiveGame"];
export type OwnEvent = Schemas["OwnEvent"];
export type Player = Schemas["Player"];
export type Problem = Schemas["Problem"];
export type Queue = Schemas["Queue"];
export type RatingDay = Schemas["RatingDay"];
export type Result = Schemas["Result"];
export type Seat = Schemas["Seat"];
export type Speed = Schemas["Speed"];
export type Termination = Schemas["Termination"];
export type TimeControl = Schemas["TimeControl"];
export type ClientFrame = Schemas["ClientFrame"];

export type ServerFrame = Exclude<Schemas["ServerFrame"], { type: "event" }> | { type: "event"; event: GameEvent };

type Answer<Op extends keyof operations, Status extends number> = operations[Op]["responses"] extends {
  [S in Status]: { content: { "application/json": infer Body } };
}
  ? Body
  : never;

export type Session = Answer<"createSession", 201>;
export type Queues = Answer<"listQueues", 200>;
export type TV = Answer<"getTV", 200>;
export type Leaderboard = Answer<"getLeaderboard", 200>;
export type RatingDays = Answer<"getRatingDays", 200>;
export type LiveGames = Answer<"listLiveGames", 200>;
export type FinishedGames = Answer<"listFinishedGames", 200>;
export type NewAccount = Schemas["NewAccount"];
export type Credentials = Schemas["Credentials"];

export const speeds: readonly Speed[] = ["ultrabullet", "bullet", "blitz", "rapid", "classical"];
