/** Who says what about which product, and who votes for it: decided by the seed before anything is sent. */
import { seededRandom } from '../random.ts';
import type { Random } from '../random.ts';
import { sampleTenantId } from '../tenants.ts';

/**
 * | kind | what it is |
 * |---|---|
 * | `new` | a text of its own |
 * | `copy` | an earlier text of the same product, by somebody else, with other capitals and punctuation |
 * | `near` | the same with a sentence more |
 * | `repeated` | a text of its own that is sent twice with one idempotency key |
 * | `vote` | a user's vote for an earlier feedback of the same tenant |
 */
export const FEEDBACK_KINDS = ['new', 'copy', 'near', 'repeated', 'vote'] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

export type FeedbackMix = Readonly<Record<Exclude<FeedbackKind, 'new'>, number>>;

/** Shares of everything that is sent. */
export const DEFAULT_FEEDBACK_MIX: FeedbackMix = { copy: 0.08, near: 0.08, repeated: 0.04, vote: 0.25 };

export type Channel = (typeof CHANNELS)[number];
export const CHANNELS = ['web', 'email', 'app', 'support', 'survey'] as const;

interface Planned {
  readonly index: number;
  readonly tenantId: string;
  readonly userId: string;
  readonly idempotencyKey: string;
}

export interface PlannedFeedback extends Planned {
  readonly kind: Exclude<FeedbackKind, 'vote'>;
  readonly body: {
    readonly productId: string;
    readonly channel: Channel;
    readonly text: string;
    readonly language?: Language;
  };
}

export interface PlannedVote extends Planned {
  readonly kind: 'vote';
  /** The index of the feedback that it is for. */
  readonly feedback: number;
  readonly weight: number;
}

export type PlannedEntry = PlannedFeedback | PlannedVote;

export interface FeedbackPlanOptions {
  readonly seed: number;
  readonly count: number;
  /** Of the first entry, where a plan is made in rounds. @default 0 */
  readonly from?: number;
  /** @default DEFAULT_FEEDBACK_MIX */
  readonly mix?: FeedbackMix;
}

/** The same ids in every tenant: what an agent keeps of one must not be seen in another. */
export const PRODUCT_IDS = ['atlas', 'beacon', 'compass'] as const;
const FEEDBACK_TENANTS = 3;
const USERS = 6;
/** Of all entries: one product of one tenant is busy, so that order of a key is tried. */
const BUSY_SHARE = 0.3;
const MOST_WEIGHT = 3;
const AGAINST_SHARE = 0.1;
/** Entries back, of which one is copied or voted for. Far enough to be over when it is sent. */
const LEAST_BACK = 16;

export const LANGUAGES = ['en', 'de', 'fr', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Sentences of one language; each entry takes an opening, a subject, a judgement, and sometimes an urgent close. */
interface Phrases {
  readonly openings: readonly string[];
  readonly subjects: readonly string[];
  readonly judgements: readonly string[];
  readonly closes: readonly string[];
}

const PHRASES: Readonly<Record<Language, Phrases>> = {
  en: {
    openings: [
      'Since the last update',
      'On my phone',
      'For our whole team',
      'Every morning',
      'After signing in',
    ],
    subjects: [
      'the export crashes with an error',
      'the dashboard is slow to load',
      'the invoice shows a wrong price',
      'please add a dark mode',
      'the password reset looks insecure',
      'the new search is easy to use',
      'the documentation is confusing',
      'support answered within minutes',
      'the login page fails',
      'an integration with our calendar would be useful',
    ],
    judgements: [
      'and I love it',
      'and that is terrible',
      'which is great',
      'which is a bad experience',
      'and it is fine',
      'and we are very disappointed',
      'and it works perfectly',
      'and I hate it',
    ],
    closes: [
      'This is urgent',
      'We lost data',
      'We will cancel our subscription',
      'Thank you',
      'Keep up the excellent work',
      'It blocks our production',
    ],
  },
  de: {
    openings: ['Seit dem letzten Update', 'Auf meinem Telefon', 'Für unser ganzes Team', 'Jeden Morgen'],
    subjects: [
      'stürzt der Export mit einem Fehler ab',
      'ist die Übersicht sehr langsam',
      'stimmt der Preis auf der Rechnung nicht',
      'fehlt ein dunkles Design',
      'ist die neue Suche einfach',
      'ist die Anleitung verwirrend',
    ],
    judgements: [
      'und das ist schrecklich',
      'und das ist großartig',
      'und das ist schlecht',
      'und das ist gut',
    ],
    closes: ['Das ist dringend', 'Wir haben Daten verloren', 'Wir werden kündigen', 'Danke'],
  },
  fr: {
    openings: ['Depuis la dernière version', 'Sur mon téléphone', 'Pour toute notre équipe'],
    subjects: [
      "l'export plante avec une erreur",
      'le tableau de bord est très lent',
      'le prix de la facture est faux',
      'il manque un mode sombre',
      'la recherche est facile',
    ],
    judgements: ["et c'est terrible", "et c'est excellent", "et c'est mauvais", "et c'est bien"],
    closes: ["C'est urgent", 'Nous avons perdu des données', 'Nous allons résilier', 'Merci'],
  },
  es: {
    openings: ['Desde la última versión', 'En mi teléfono', 'Para todo nuestro equipo'],
    subjects: [
      'la exportación falla con un error',
      'el panel es muy lento',
      'el precio de la factura es incorrecto',
      'falta un modo oscuro',
      'la búsqueda es fácil',
    ],
    judgements: ['y es terrible', 'y es excelente', 'y es malo', 'y está bien'],
    closes: ['Es urgente', 'Hemos perdido datos', 'Vamos a cancelar', 'Gracias'],
  },
};

const PARTS = [
  'report',
  'menu',
  'chart',
  'list',
  'filter',
  'table',
  'widget',
  'editor',
  'map',
  'inbox',
] as const;
const CITIES = [
  'Lima',
  'Oslo',
  'Porto',
  'Turin',
  'Kyoto',
  'Quito',
  'Malmö',
  'Leeds',
  'Gdańsk',
  'Perth',
] as const;

/** @returns entries in the order in which they are sent; a vote or a copy is never before what it refers to */
export function planFeedback(options: FeedbackPlanOptions): readonly PlannedEntry[] {
  const { seed, count, from = 0, mix = DEFAULT_FEEDBACK_MIX } = options;
  const random = seededRandom(seed + 7919 * from);
  const feedbacks: PlannedFeedback[] = [];
  const voted = new Set<string>();
  return Array.from({ length: count }, (_, offset): PlannedEntry => {
    const index = from + offset;
    const earlier = feedbacks.filter(({ index: of }) => of <= index - LEAST_BACK);
    const kind = kindOf(random.next(), mix, earlier.length > 0);
    const userId = `usr_${1 + random.whole(USERS)}`;
    const idempotencyKey = `feedback-${seed}-${index}`;
    if (kind === 'vote') {
      const { tenantId, index: feedback } = earlier[random.whole(earlier.length)]!;
      const weight = random.next() < AGAINST_SHARE ? -1 : 1 + random.whole(MOST_WEIGHT);
      const vote = `${userId} ${feedback}`;
      if (!voted.has(vote)) {
        voted.add(vote);
        return { kind, index, tenantId, userId, idempotencyKey, feedback, weight };
      }
    }
    const planned =
      kind === 'copy' || kind === 'near'
        ? echoOf(earlier[random.whole(earlier.length)]!, kind, random)
        : freshOf(index, random);
    // A person has one vote for each feedback: who would vote again says something instead.
    const feedback = {
      kind: kind === 'vote' ? ('new' as const) : kind,
      index,
      userId,
      idempotencyKey,
      ...planned,
    };
    feedbacks.push(feedback);
    return feedback;
  });
}

function kindOf(dealt: number, mix: FeedbackMix, hasEarlier: boolean): FeedbackKind {
  let below = 0;
  for (const [kind, share] of Object.entries(mix) as [Exclude<FeedbackKind, 'new'>, number][]) {
    below += share;
    if (dealt < below) return hasEarlier || kind === 'repeated' ? kind : 'new';
  }
  return 'new';
}

function freshOf(index: number, random: Random): Pick<PlannedFeedback, 'tenantId' | 'body'> {
  const isBusy = random.next() < BUSY_SHARE;
  const tenantId = sampleTenantId(isBusy ? 0 : random.whole(FEEDBACK_TENANTS));
  const productId = PRODUCT_IDS[isBusy ? 0 : random.whole(PRODUCT_IDS.length)]!;
  const language = LANGUAGES[random.next() < 0.7 ? 0 : random.whole(LANGUAGES.length)]!;
  const { openings, subjects, judgements, closes } = PHRASES[language];
  const of = (texts: readonly string[]): string => texts[random.whole(texts.length)]!;
  // The last words are of this entry alone, so that it is no duplicate by chance.
  const own = `${of(CITIES)} ${of(PARTS)} ${of(CITIES)} ${of(PARTS)} ${index} ${random.whole(100_000)}`;
  const close = random.next() < 0.5 ? ` ${of(closes)}.` : '';
  const text = `${of(openings)}, ${of(subjects)} ${of(judgements)}.${close} (${own})`;
  // Most do not say their language: it is told from the text.
  const said = random.next() < 0.3 ? { language } : {};
  const channel = CHANNELS[random.whole(CHANNELS.length)]!;
  return { tenantId, body: { productId, channel, text, ...said } };
}

function echoOf(
  { tenantId, body }: PlannedFeedback,
  kind: 'copy' | 'near',
  random: Random,
): Pick<PlannedFeedback, 'tenantId' | 'body'> {
  const text = kind === 'copy' ? `${body.text.toUpperCase()}!!` : `${body.text} We reported this before`;
  return { tenantId, body: { ...body, text, channel: CHANNELS[random.whole(CHANNELS.length)]! } };
}
