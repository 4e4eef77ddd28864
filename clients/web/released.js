// Compares schema.graphqls with schema.released.graphqls, and refuses what breaks those who build on the released one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  getDirectiveValues,
  getNamedType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Source,
  validateSchema,
} from 'graphql';

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
  const breaking = [...findBreakingChanges(released, current), ...narrowedInputs(), ...closedFields()];
  const dangerous = [...findDangerousChanges(released, current), ...dearerFields()];
  for (const { description } of dangerous) console.log(`dangerous, but allowed: ${description}`);
  for (const { description } of breaking) refuse(`breaking: ${description}`);
  if (breaking.length === 0) console.log('nothing of the released schema is broken');
}

/** Inputs that took several fields at once and now take one: graphql-js does not look at @oneOf. */
function narrowedInputs() {
  return Object.values(released.getTypeMap())
    .filter((type) => isInputObjectType(type) && !type.isOneOf && current.getType(type.name)?.isOneOf)
    .map(({ name }) => ({ description: `${name} became @oneOf.` }));
}

/** The fields that are in both schemas, as [name, released, current]: graphql-js does not look at their directives. */
function commonFields() {
  return Object.values(released.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .flatMap((type) => {
      const now = current.getType(type.name)?.getFields?.() ?? {};
      return Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field, now[field.name]]);
    })
    .filter(([, before, after]) => before.astNode && after?.astNode);
}

/** What a directive of a field says, its defaults included; nothing if the field or the schema has none. */
function applied(schema, field, name) {
  const directive = schema.getDirective(name);
  return directive ? getDirectiveValues(directive, field.astNode) : undefined;
}

/** Fields that need @auth, or a higher role, and did not. */
function closedFields() {
  const roles = ['everybody', 'READER', 'AUTHOR', 'EDITOR', 'ADMIN'];
  const role = (schema, field) => applied(schema, field, 'auth')?.requires ?? 'everybody';
  const rank = (name) => (roles.includes(name) ? roles.indexOf(name) : roles.length); // an unknown role is the highest
  return commonFields()
    .map(([name, before, after]) => [name, role(released, before), role(current, after)])
    .filter(([, before, after]) => rank(after) > rank(before))
    .map(([name, before, after]) => ({ description: `${name} was for ${before} and is for ${after}.` }));
}

/** Fields that cost more: an operation that has many of them may come to be over the limit. */
function dearerFields() {
  const unpriced = (field) => (isCompositeType(getNamedType(field.type)) ? 1 : 0);
  const weight = (schema, field) => applied(schema, field, 'cost')?.weight ?? unpriced(field);
  const size = (schema, field) => applied(schema, field, 'listSize')?.assumedSize ?? 1;
  return commonFields().flatMap(([name, before, after]) =>
    [
      ['@cost', weight(released, before), weight(current, after)],
      ['@listSize', size(released, before), size(current, after)],
    ]
      .filter(([, old, now]) => now > old)
      .map(([directive, old, now]) => ({ description: `${directive} of ${name} was ${old} and is ${now}.` })),
  );
}

function refuse(message) {
  console.error(message);
  process.exitCode = 1;
}
