import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = 'docs/charts';

export interface Picture {
  /** The file's name, without its ending. */
  name: string;
  width: number;
  height: number;
  /** What is shown, as the drawing library has it. */
  option: Record<string, unknown>;
}

interface Drawing {
  svg(option: Record<string, unknown>, width: number, height: number): string;
}

/** The library is a dependency of the benchmark's own package (bench/foreign) alone. */
export async function draw(pictures: readonly Picture[]): Promise<void> {
  const { svg }: Drawing = await import(pathToFileURL(resolve('bench/foreign/svg.mjs')).href);
  await mkdir(FOLDER, { recursive: true });
  for (const { name, width, height, option } of pictures)
    await writeFile(`${FOLDER}/${name}.svg`, `${svg(option, width, height)}\n`);
}
