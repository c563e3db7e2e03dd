import { describe, expect, test } from '@jest/globals';
import { failOver } from '../../../local/failover/failover.ts';
import type { RegionControl } from '../../../local/failover/region-control.ts';

/** Notes what was done, in order. */
function scene(leftAnswers = true) {
  const done: string[] = [];
  const control = (region: string, answers: boolean): RegionControl => {
    const act = async (what: string): Promise<number> => {
      if (!answers) throw new Error('connect ECONNREFUSED');
      done.push(`${region} ${what}`);
      return 1;
    };
    return {
      region,
      switchRelay: (on) => act(on ? 'relay on' : 'relay off'),
      switchReplicas: (on) => act(on ? 'replicas on' : 'replicas off'),
      stopExecutions: () => act('sagas ended'),
      redriveExecutions: (names) => act(`sagas go on: ${[...names].join(', ')}`),
    };
  };
  const database = {
    query: async (text: string) => {
      if (text.startsWith('select order_id')) return { rows: [{ order_id: 'ord_1' }, { order_id: 'ord_2' }] };
      if (text.includes('update')) done.push('events back in the outbox');
      return { rows: [{ events: '7', orders: '2', since: new Date(0) }] };
    },
  };
  const said: string[] = [];
  const props = {
    database,
    schema: 'commerce',
    from: control('east', leftAnswers),
    to: control('west', true),
    say: (line: string): void => void said.push(line),
  };
  return { done, said, props };
}

describe('a failover', () => {
  test('stops what is left before anything is published elsewhere', async () => {
    const { done, props } = scene();

    const outcome = await failOver(props);

    expect(done).toEqual([
      'east relay off',
      'east replicas off',
      'east sagas ended',
      'events back in the outbox',
      'west replicas on',
      'west relay on',
      'west sagas go on: ord_1, ord_2',
    ]);
    expect(outcome).toMatchObject({ events: 7, orders: 2, fenced: true });
  });

  test('goes on without a region that does not answer, and says what is left to do', async () => {
    const { done, said, props } = scene(false);

    const outcome = await failOver(props);

    expect(done).toEqual([
      'events back in the outbox',
      'west replicas on',
      'west relay on',
      'west sagas go on: ord_1, ord_2',
    ]);
    expect(outcome.fenced).toBe(false);
    expect(said.join('\n')).toMatch(/east does not answer .*waybill region fence/);
  });

  test('as a dry run changes nothing', async () => {
    const { done, said, props } = scene();

    await failOver({ ...props, dryRun: true });

    expect(done).toEqual([]);
    expect(said.join('\n')).toMatch(/would publish 7 events again.*\n.*2 open orders/);
  });
});
