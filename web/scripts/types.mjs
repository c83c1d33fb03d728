// Makes the TypeScript types of the wire from what the services promise: the OpenAPI
// document and the JSON Schemas of events. So a change there breaks the build here.
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { compile } from "json-schema-to-typescript";
import openapiTS, { astToString } from "openapi-typescript";
import { parse } from "yaml";

const root = new URL("../..", import.meta.url).pathname;
const out = new URL("../src/wire/", import.meta.url).pathname;

function merge(whole, part) {
  for (const [key, value] of Object.entries(part)) {
    const have = whole[key];
    if (have && typeof have === "object" && typeof value === "object" && !Array.isArray(have)) merge(have, value);
    else whole[key] = value;
  }
  return whole;
}

const openapi = join(root, "services/openapi");
const document = readdirSync(openapi)
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .reduce((whole, name) => merge(whole, parse(readFileSync(join(openapi, name), "utf8"))), {});

const events = join(root, "schemas/jsonschema/events");
let text = "";
const names = readdirSync(events).sort().map((name) => name.replace(/\.json$/, ""));
const ofGames = [];
for (const name of names) {
  const schema = JSON.parse(readFileSync(join(events, `${name}.json`), "utf8"));
  if (schema.properties.gameId) {
    ofGames.push(name);
    document.components.schemas[name] = schema;
  }
  text += await compile(schema, name, { bannerComment: "", additionalProperties: false, format: false });
}
text += `export type GameEvent = ${ofGames.join(" | ")};\n`;
// As services/openapi/events.go does it.
document.components.schemas.GameEvent = { oneOf: ofGames.map((name) => ({ $ref: `#/components/schemas/${name}` })) };

mkdirSync(out, { recursive: true });
writeFileSync(join(out, "api.d.ts"), astToString(await openapiTS(document)));
writeFileSync(join(out, "events.d.ts"), text);
