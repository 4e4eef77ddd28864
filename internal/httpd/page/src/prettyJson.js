// GraphiQL prettifies JSON by Prettier with a whole parser of JavaScript. This is a plug-in of the same shape, made of
// the JSON formatter that is here anyway.
import { applyEdits, format } from 'jsonc-parser';

const options = { insertSpaces: true, tabSize: 2 };

export const parsers = {
  jsonc: { astFormat: 'jsonc', parse: (text) => ({ text }), locStart: () => 0, locEnd: ({ text }) => text.length },
};

export const printers = {
  jsonc: { print: ({ node: { text } }) => applyEdits(text, format(text, undefined, options)) },
};
