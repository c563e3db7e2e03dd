/** The circuit breaker as several instances see it, over the embedded DynamoDB, on a clock that tests move. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCircuitBreaker } from '../../../../lambda/runtime/degradation/circuit-breaker.ts';
import type {
  CircuitBreaker,
  CircuitBreakerProps,
} from '../../../../lambda/runtime/degradation/circuit-breaker.ts';
import type { DynamoDbClient } from '../../../../lambda/runtime/aws/dynamodb.ts';
import { UnavailableError } from '../../../../lambda/runtime/degradation/errors.ts';
import { capturedLog } from '../fixtures.ts';
import { controlsUnderTest, UNREACHABLE_TABLE } from './support.ts';
import type { ControlsUnderTest } from './support.ts';

let under: ControlsUnderTest;

beforeEach(async () => {
  under = await controlsUnderTest();
});
afterEach(() => under.close());

function instance(props: Partial<CircuitBreakerProps> = {}): CircuitBreaker {
  return createCircuitBreaker({
    client: under.table,
    dependency: 'payment-gateway',
    minimumCalls: 10,
    openSeconds: 30,
    clock: under.runtimeClock,
    random: () => 0,
    logger: capturedLog().logger,
    ...props,
  });
}

const instances = (count: number, props?: Partial<CircuitBreakerProps>): CircuitBreaker[] =>
  Array.from({ length: count }, () => instance(props));

/** A dependency that can be killed, and counts who reaches it. */
function gateway() {
  const state = { isUp: true, calls: 0 };
  return {
    state,
    call: async (): Promise<string> => {
      state.calls += 1;
      if (!state.isUp) throw new Error('connection refused');
      return 'ok';
    },
  };
}

const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) => (error instanceof UnavailableError ? error.code : 'failed'),
  );

/** Each instance calls a dead gateway a few times: too few for one alone, enough for all together. */
async function openIt(breakers: readonly CircuitBreaker[], dead: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    for (const breaker of breakers) await outcomeOf(breaker.call(dead));
  }
}

describe('a circuit breaker', () => {
  test('opens for all instances on what they have counted together', async () => {
    const breakers = instances(5);
    const { state, call } = gateway();
    state.isUp = false;

    await openIt(breakers, call);
    await under.clock.advance(2_000);
    const reached = state.calls;
    const late = await Promise.all([...breakers, instance()].map((breaker) => outcomeOf(breaker.call(call))));

    expect(reached).toBeGreaterThanOrEqual(10);
    expect(reached).toBeLessThan(15);
    expect(new Set(late)).toEqual(new Set(['WAYBILL_BREAKER_OPEN']));
    expect(state.calls).toBe(reached);
  });

  test('says when it makes sense to try again', async () => {
    const breaker = instance({ minimumCalls: 1 });
    await outcomeOf(breaker.call(() => Promise.reject(new Error('down'))));

    const error = await breaker.call(() => Promise.resolve()).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ name: 'UnavailableError', retryAfterSeconds: 30, retryable: true });
    expect(await breaker.closedIn()).toBe(30_000);
  });

  test('stays closed below the rate and below the minimum of calls', async () => {
    const few = instance();
    for (let call = 0; call < 9; call += 1) await outcomeOf(few.call(() => Promise.reject(new Error('x'))));
    expect(await few.closedIn()).toBe(0);

    const mixed = instance({ dependency: 'mixed' });
    for (let call = 0; call < 60; call += 1) {
      await outcomeOf(
        mixed.call(() => (call % 3 === 0 ? Promise.reject(new Error('x')) : Promise.resolve())),
      );
    }
    expect(await mixed.closedIn()).toBe(0);
  });

  test('what is no failure of the dependency does not open it', async () => {
    const breaker = instance({ isFailure: (error) => (error as Error).message !== 'card declined' });
    for (let call = 0; call < 30; call += 1) {
      await outcomeOf(breaker.call(() => Promise.reject(new Error('card declined'))));
    }
    expect(await breaker.closedIn()).toBe(0);
  });

  test('after its time, of fifty calls of five instances at one moment one is the probe', async () => {
    const breakers = instances(5);
    const { state, call } = gateway();
    state.isUp = false;
    await openIt(breakers, call);
    await under.clock.advance(31_000);
    const before = state.calls;
    const begun = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slow = async (): Promise<string> => {
      state.calls += 1;
      begun.resolve();
      await released.promise;
      return 'ok';
    };

    const calls = breakers.flatMap((breaker) =>
      Array.from({ length: 10 }, () => outcomeOf(breaker.call(slow))),
    );
    // The probe waits for its release; the others have their answer.
    const settled: string[] = [];
    for (const one of calls) void one.then((outcome) => settled.push(outcome));
    await begun.promise;
    while (settled.length < 49) await new Promise((go) => setTimeout(go, 5));
    expect(state.calls - before).toBe(1);
    expect(new Set(settled)).toEqual(new Set(['WAYBILL_BREAKER_OPEN']));

    released.resolve();
    await Promise.all(calls);
    expect(settled.filter((outcome) => outcome === 'ok')).toHaveLength(1);
    await under.clock.advance(2_000);
    const recovered = await Promise.all(breakers.map((breaker) => outcomeOf(breaker.call(async () => 'ok'))));
    expect(new Set(recovered)).toEqual(new Set(['ok']));
  });

  test('a probe that fails opens it for twice as long, until it works', async () => {
    const breakers = instances(3);
    const { state, call } = gateway();
    state.isUp = false;
    await openIt([...breakers, ...breakers], call);
    const waits: number[] = [];
    for (let probe = 0; probe < 5; probe += 1) {
      const wait = await breakers[0]!.closedIn();
      waits.push(Math.round(wait / 1_000));
      await under.clock.advance(wait + 2_000);
      const before = state.calls;
      await Promise.all(breakers.map((breaker) => outcomeOf(breaker.call(call))));
      expect(state.calls - before).toBe(1);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480]);

    state.isUp = true;
    await under.clock.advance((await breakers[1]!.closedIn()) + 2_000);
    await Promise.all(breakers.map((breaker) => outcomeOf(breaker.call(call))));
    await under.clock.advance(2_000);
    expect(await Promise.all(breakers.map((breaker) => breaker.closedIn()))).toEqual([0, 0, 0]);
  });

  test('once closed it counts anew: one failure does not open it again', async () => {
    const breaker = instance({ windowSeconds: 3_600 });
    const { state, call } = gateway();
    state.isUp = false;
    await openIt([breaker, breaker, breaker, breaker], call);
    state.isUp = true;
    await under.clock.advance(30_000);
    await breaker.call(call);
    state.isUp = false;

    await outcomeOf(breaker.call(call));

    expect(await breaker.closedIn()).toBe(0);
  });

  test('a probe whose instance has died is taken over, and its late result counts no more', async () => {
    const [dead, other] = instances(2);
    const { state, call } = gateway();
    state.isUp = false;
    await openIt([dead!, other!, dead!, other!], call);
    await under.clock.advance(31_000);
    const begun = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    const hanging = outcomeOf(
      dead!.call(() => {
        begun.resolve();
        return late.promise;
      }),
    );
    await begun.promise;
    expect(await outcomeOf(other!.call(call))).toBe('WAYBILL_BREAKER_OPEN');

    await under.clock.advance(11_000);
    state.isUp = true;
    expect(await outcomeOf(other!.call(call))).toBe('ok');
    late.reject(new Error('too late'));
    await hanging;

    await under.clock.advance(2_000);
    expect(await outcomeOf(instance().call(call))).toBe('ok');
  });

  test("an operator's word counts before everything that is measured", async () => {
    const breaker = instance();
    await under.table.call('PutItem', {
      Item: { pk: { S: 'breaker#payment-gateway' }, sk: { S: 'state' }, forced: { S: 'open' } },
    });
    expect(await outcomeOf(breaker.call(async () => 'ok'))).toBe('WAYBILL_BREAKER_OPEN');

    await under.table.call('PutItem', {
      Item: { pk: { S: 'breaker#payment-gateway' }, sk: { S: 'state' }, forced: { S: 'closed' } },
    });
    await under.clock.advance(2_000);
    for (let call = 0; call < 20; call += 1) {
      expect(await outcomeOf(breaker.call(() => Promise.reject(new Error('down'))))).toBe('failed');
    }
  });

  test('calls that work read the table once in two seconds and write nothing', async () => {
    const actions: string[] = [];
    const counting: DynamoDbClient = {
      call: (action, input) => {
        actions.push(action);
        return under.table.call(action, input);
      },
    };
    const breaker = instance({ client: counting });

    for (let second = 0; second < 10; second += 1) {
      await Promise.all(Array.from({ length: 100 }, () => breaker.call(async () => 'ok')));
      await under.clock.advance(1_000);
    }

    expect(actions).toEqual(Array.from({ length: 5 }, () => 'GetItem'));
  });

  test('without its table it is closed, logs and counts it, and opens for its own instance', async () => {
    const { logger, lines } = capturedLog();
    const breaker = instance({ client: UNREACHABLE_TABLE, logger });
    const { state, call } = gateway();

    expect(await breaker.call(call)).toBe('ok');
    state.isUp = false;
    for (let failing = 0; failing < 12; failing += 1) await outcomeOf(breaker.call(call));

    expect(await outcomeOf(breaker.call(call))).toBe('WAYBILL_BREAKER_OPEN');
    expect(lines.some(({ message }) => message.startsWith('controls table not reached'))).toBe(true);
    expect(lines.some((line) => line['ControlsUnreadable'] === 1)).toBe(true);
  });

  test('when the table is away, the last known state counts', async () => {
    let isAway = false;
    const flaky: DynamoDbClient = {
      call: (action, input) => (isAway ? UNREACHABLE_TABLE : under.table).call(action, input),
    };
    const breaker = instance({ client: flaky });
    await openIt([breaker, breaker, breaker, breaker], () => Promise.reject(new Error('down')));
    isAway = true;
    await under.clock.advance(10_000);

    expect(await outcomeOf(breaker.call(async () => 'ok'))).toBe('WAYBILL_BREAKER_OPEN');
  });

  test('its open time has jitter, so that what waits does not come back at one moment', async () => {
    const breaker = instance({ minimumCalls: 1, random: () => 0.999 });
    await outcomeOf(breaker.call(() => Promise.reject(new Error('down'))));

    const wait = await breaker.closedIn();

    expect(wait).toBeGreaterThan(44_000);
    expect(wait).toBeLessThanOrEqual(45_000);
  });
});
