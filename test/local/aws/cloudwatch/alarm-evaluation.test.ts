import { describe, expect, test } from '@jest/globals';
import { evaluate, type DataPoint } from '../../../../local/aws/cloudwatch/alarm-evaluation.ts';
import type { StateValue, TreatMissingData } from '../../../../local/aws/cloudwatch/alarm-model.ts';

const POINTS: Readonly<Record<string, DataPoint>> = { X: 'breaching', '0': 'ok', '-': 'missing' };
const TREATMENTS: readonly TreatMissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

/** The states for each treatment of missing data; `current` is what the alarm was in before. */
function states(points: string, datapointsToAlarm: number, current: StateValue = 'INSUFFICIENT_DATA') {
  const range = points.split(' ').map((point) => POINTS[point]!);
  return TREATMENTS.map((treatMissingData) =>
    evaluate(range, { evaluationPeriods: 3, datapointsToAlarm, treatMissingData, current }),
  );
}

describe('the table of 3 out of 3 (alarms-and-missing-data.html)', () => {
  test.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', ['INSUFFICIENT_DATA', 'retained', 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', ['ALARM', 'retained', 'ALARM', 'OK']],
    ['X - - - -', ['ALARM', 'retained', 'ALARM', 'OK']],
  ])('%s', (points, expected) => {
    for (const current of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const) {
      expect(states(points, 3, current)).toEqual(
        expected.map((state) => (state === 'retained' ? current : state)),
      );
    }
  });
});

describe('the table of 2 out of 3', () => {
  test.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', ['ALARM', 'retained', 'ALARM', 'OK']],
  ])('%s', (points, expected) => {
    for (const current of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const) {
      expect(states(points, 2, current)).toEqual(
        expected.map((state) => (state === 'retained' ? current : state)),
      );
    }
  });
});

test.each(['- - - - X', '- - - X -'])('%s does not raise a 3 out of 3 alarm too early', (points) => {
  expect(states(points, 3, 'OK')[0]).toBe('OK');
  expect(states(points, 3, 'INSUFFICIENT_DATA')[0]).toBe('INSUFFICIENT_DATA');
});

test('enough real data points decide alone, the most recent ones', () => {
  expect(states('X X 0 0 0', 3)).toEqual(['OK', 'OK', 'OK', 'OK']);
  expect(states('0 0 X X X', 3)).toEqual(['ALARM', 'ALARM', 'ALARM', 'ALARM']);
});
