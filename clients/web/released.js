// Compares schema.graphqls with schema.released.graphqls, and refuses what breaks those who build on the released one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, findBreakingChanges, findDangerousChanges, isInputObjectType, Source, validateSchema } from 'graphql';

const top = join(import.meta.dirname, '../..');
const released = read('schema.released.graphqls');
const current = read('schema.graphqls');
if (released && current) compare();

/** Reads a schema; if it is none, it says why. */
function read(name) {
  try {
    const schema = buildSchema(new Source(readFileSync(join(top, name), 'utf8'), name));
    const errors = validateSchema(schema);
    if (errors.length === 0) return schema;
    refuse(`${name} is no valid schema:\n${errors.join('\n')}`);
  } catch (error) {
    refuse(`${name} is no valid schema:\n${error}`);
  }
}

function compare() {
  const breaking = [...findBreakingChanges(released, current), ...narrowedInputs()];
  for (const { description } of findDangerousChanges(released, current)) console.log(`dangerous, but allowed: ${description}`);
  for (const { description } of breaking) refuse(`breaking: ${description}`);
  if (breaking.length === 0) console.log('nothing of the released schema is broken');
}

/** Inputs that took several fields at once and now take one: graphql-js does not look at @oneOf. */
function narrowedInputs() {
  return Object.values(released.getTypeMap())
    .filter((type) => isInputObjectType(type) && !type.isOneOf && current.getType(type.name)?.isOneOf)
    .map(({ name }) => ({ description: `${name} became @oneOf.` }));
}

function refuse(message) {
  console.error(message);
  process.exitCode = 1;
}
