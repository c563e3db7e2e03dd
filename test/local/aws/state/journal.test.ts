/** The state directory: what was flushed is there for the next process, whatever happened to this one. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openStateStore } from '../../../../local/aws/state/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-state-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const journal = () => join(directory, 'journal.jsonl');

test('what was put and not deleted is there again, in the order in which the keys came', () => {
  const first = openStateStore(directory);
  const queues = first.collection<{ delay: number }>('sqs.queues');
  queues.put('b', { delay: 1 });
  queues.put('a', { delay: 2 });
  queues.put('gone', { delay: 3 });
  queues.put('b', { delay: 4 });
  queues.delete('gone');
  first.collection('sns.topics').put('b', 'another collection');
  first.close();

  const second = openStateStore(directory);
  expect(second.collection('sqs.queues').entries()).toEqual([
    ['b', { delay: 4 }],
    ['a', { delay: 2 }],
  ]);
  expect(second.collection('sns.topics').entries()).toEqual([['b', 'another collection']]);
  second.close();
});

test('kill -9 right after a flush loses nothing', () => {
  const program = `
    import { openStateStore } from ${JSON.stringify(join(process.cwd(), 'local/aws/state/index.ts'))};
    const store = openStateStore(${JSON.stringify(directory)});
    const items = store.collection('items');
    for (let index = 0; index < 1000; index++) items.put('key ' + index, { index });
    store.flush();
    items.put('never flushed', {});
    process.kill(process.pid, 'SIGKILL');
  `;
  const killed = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program]);
  expect(killed.signal).toBe('SIGKILL');

  const store = openStateStore(directory);
  expect(store.collection('items').entries()).toHaveLength(1000);
  store.close();
});

test('a line that the end of the process cut off is dropped, and the next one is whole again', () => {
  const first = openStateStore(directory);
  first.collection('items').put('whole', 1);
  first.close();
  appendFileSync(journal(), '["items","half","not fini');

  const second = openStateStore(directory);
  expect(second.collection('items').entries()).toEqual([['whole', 1]]);
  second.collection('items').put('next', 2);
  second.close();

  const third = openStateStore(directory);
  expect(third.collection('items').entries()).toEqual([
    ['whole', 1],
    ['next', 2],
  ]);
  third.close();
});

test('changes that were made together are kept together or not at all', () => {
  const first = openStateStore(directory);
  const items = first.collection('items');
  items.put('debit', 1);
  items.put('credit', 1);
  first.flush();
  items.put('debit', 2);
  items.put('credit', 2);
  first.close();
  // Killed in the second write, between its two lines.
  writeFileSync(journal(), readFileSync(journal(), 'utf8').replace('["items","credit",2]\n\n', ''));

  const second = openStateStore(directory);
  expect(second.collection('items').entries()).toEqual([
    ['debit', 1],
    ['credit', 1],
  ]);
  second.close();
});

test('damage in the middle is refused, not skipped', () => {
  writeFileSync(journal(), '["items","a",1]\nwhat is this\n["items","b",2]\n');

  expect(() => openStateStore(directory)).toThrow(expect.objectContaining({ code: 'StateUnreadable' }));
});

test('a directory that another living process has open is refused; one of a dead process is taken over', () => {
  writeFileSync(join(directory, 'lock'), String(process.ppid));
  expect(() => openStateStore(directory)).toThrow(expect.objectContaining({ code: 'StateDirectoryInUse' }));

  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(join(directory, 'lock'), String(dead));
  openStateStore(directory).close();
});

test('a path that is a file, or a place where nothing can be made, is refused with the reason', () => {
  writeFileSync(join(directory, 'file'), '');

  for (const path of [join(directory, 'file'), join(directory, 'file', 'below'), '/proc/nothing-here']) {
    expect(() => openStateStore(path)).toThrow(
      expect.objectContaining({ code: 'StateDirectoryUnusable', message: expect.stringContaining(path) }),
    );
  }
});

test('a directory is made with those above it', () => {
  const deep = join(directory, 'a', 'b');
  openStateStore(deep).close();

  expect(statSync(deep).isDirectory()).toBe(true);
});

test('lines that no longer count are dropped once they outweigh the others', () => {
  const store = openStateStore(directory);
  const items = store.collection('items');
  items.put('stays', 'as it is');
  const megabyte = 'x'.repeat(1024 * 1024);
  for (let round = 0; round < 40; round++) {
    items.put('changes', megabyte + round);
    store.flush();
  }
  expect(statSync(journal()).size).toBeLessThan(20 * 1024 * 1024);
  items.put('after', 'the rewrite');
  store.close();

  const again = openStateStore(directory);
  const entries = new Map(again.collection<string>('items').entries());
  again.close();
  expect([...entries.keys()]).toEqual(['stays', 'changes', 'after']);
  expect(entries.get('changes')).toBe(`${megabyte}39`);
  expect(readFileSync(journal(), 'utf8').startsWith('["items","stays"')).toBe(true);
});
