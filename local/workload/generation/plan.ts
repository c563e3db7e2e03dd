/** Who asks for images in one run, how they are connected, and how each image shall end. The same for the same seed. */
import { seededRandom } from '../random.ts';
import { sampleTenantId } from '../tenants.ts';

/**
 * | fate | prompt word | how it ends |
 * |---|---|---|
 * | `complete` | none | COMPLETE |
 * | `failed` | `#fail` | ERROR, by the provider's word |
 * | `silent` | `#silent` | ERROR, by the schedule, as the provider says nothing |
 */
export type GenerationFate = 'complete' | 'failed' | 'silent';

/**
 * | habit | connections |
 * |---|---|
 * | `steady` | one, all the time |
 * | `tabs` | three, all the time |
 * | `commuter` | one, and none for the middle of the run |
 * | `absent` | none before everything is over |
 */
export type Habit = 'steady' | 'tabs' | 'commuter' | 'absent';

export interface PlannedUser {
  readonly userId: string;
  readonly tenantId: string;
  readonly habit: Habit;
}

export interface PlannedGeneration {
  /** Index of the user. */
  readonly user: number;
  readonly fate: GenerationFate;
  readonly prompt: string;
  readonly idempotencyKey: string;
}

const HABITS: readonly Habit[] = ['steady', 'tabs', 'commuter', 'absent'];
export const TABS_OF: Readonly<Record<Habit, number>> = { steady: 1, tabs: 3, commuter: 1, absent: 1 };

const TENANTS = 3;
const FAILED_SHARE = 0.08;
const SILENT_SHARE = 0.02;
const WORD_OF_FATE: Readonly<Record<GenerationFate, string>> = {
  complete: '',
  failed: ' #fail',
  silent: ' #silent',
};
const MOTIFS = ['a lighthouse at dawn', 'a fox in snow', 'rain on a tin roof', 'a market in Lisbon'] as const;

export function planUsers(users: number): readonly PlannedUser[] {
  return Array.from({ length: users }, (_, index) => ({
    userId: `usr_gallery_${index}`,
    tenantId: sampleTenantId(index % TENANTS),
    habit: HABITS[index % HABITS.length]!,
  }));
}

/** The shares are exact, to one: a run of fifty has one silent and four failed ones. */
export function planGenerations(
  seed: number,
  count: number,
  users: number,
  from = 0,
): readonly PlannedGeneration[] {
  const random = seededRandom(seed + from);
  return Array.from({ length: count }, (_, index) => {
    const fate = fateAt(from + index);
    return {
      user: random.whole(users),
      fate,
      prompt: `${MOTIFS[random.whole(MOTIFS.length)]}, number ${from + index}${WORD_OF_FATE[fate]}`,
      idempotencyKey: `generation-${seed}-${from + index}`,
    };
  });
}

function fateAt(index: number): GenerationFate {
  const crosses = (share: number): boolean => Math.floor((index + 1) * share) > Math.floor(index * share);
  if (crosses(SILENT_SHARE)) return 'silent';
  return crosses(FAILED_SHARE) ? 'failed' : 'complete';
}
