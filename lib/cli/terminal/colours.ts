import { styleText } from 'node:util';

/** Colour or style of a text. */
export type Colour = Parameters<typeof styleText>[0];

/** Returns a text in a colour, or as it is where the stream, standard output, is no terminal; `NO_COLOR` and `FORCE_COLOR` count. */
export function coloured(
  colour: Colour | undefined,
  text: string,
  stream: NodeJS.WritableStream = process.stdout,
): string {
  return colour ? styleText(colour, text, { stream }) : text;
}
