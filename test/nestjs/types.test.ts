/** `@OnEvent()` accepts what handles its contract and nothing else, with legacy and with standard decorators. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const SOURCE = `
import type { EnvelopeOf } from 'waybill/contracts';
import type { HandlerContext } from 'waybill/runtime';
import { OnEvent } from 'waybill/nestjs';
import { ImageFinished, ImageRemoved } from '../../test/nestjs/app/events.ts';

type Finished = EnvelopeOf<typeof ImageFinished>;

export class Accepted {
  @OnEvent(ImageFinished)
  whole(event: Finished, context: HandlerContext): void {
    context.logger.info(event.data.imageId);
  }
  @OnEvent(ImageFinished)
  async alone({ data }: Finished): Promise<void> {
    await Promise.resolve(data.imageId);
  }
  @OnEvent(ImageFinished)
  @OnEvent(ImageRemoved)
  either(event: Finished | EnvelopeOf<typeof ImageRemoved>): void {
    void event.eventType;
  }
  @OnEvent(ImageFinished)
  nothing(): void {}
}

export class Refused {
  // @ts-expect-error another event
  @OnEvent(ImageFinished)
  other(event: EnvelopeOf<typeof ImageRemoved>): void {
    void event;
  }
  // @ts-expect-error no envelope
  @OnEvent(ImageFinished)
  text(event: string): void {
    void event;
  }
  // @ts-expect-error no method
  @OnEvent(ImageFinished)
  property = 1;
}
`;

let directory: string;

beforeAll(() => {
  mkdirSync('.waybill', { recursive: true });
  directory = mkdtempSync('.waybill/nestjs-types-');
  writeFileSync(join(directory, 'handlers.ts'), SOURCE);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ['legacy', true],
  ['standard', false],
])('with %s decorators', (_name, experimentalDecorators) => {
  const project = join(directory, `tsconfig.${experimentalDecorators}.json`);
  writeFileSync(
    project,
    JSON.stringify({
      extends: '../../test/nestjs/app/tsconfig.json',
      compilerOptions: { experimentalDecorators, emitDecoratorMetadata: false, noEmit: true },
      include: ['handlers.ts', ...(experimentalDecorators ? ['../../test/nestjs/app/*.ts'] : [])],
    }),
  );
  const compiler = join(process.cwd(), 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });

  // The types of the application alone: those of this repository are checked by \`npm run typecheck\`.
  expect(stdout.split('\n').filter((line) => /^(\.waybill|test\/nestjs|nestjs)\//.test(line))).toEqual([]);
  expect(stdout).not.toContain('TS18003');
});
