/** The models of the agents: the same text has the same answer, and the answers are those that people would give. */
import { describe, expect, test } from '@jest/globals';
import { categoryOf } from '../../../lambda/agents/models/category.ts';
import { priorityOf } from '../../../lambda/agents/models/priority.ts';
import { sentimentOf } from '../../../lambda/agents/models/sentiment.ts';
import { originalOf, similarityOf, tellingWords } from '../../../lambda/agents/models/similarity.ts';

describe('sentiment', () => {
  test.each([
    ['I love it, this is a great product', 'positive'],
    ['The worst update ever, it is unusable', 'negative'],
    ['It has a blue button', 'neutral'],
    ['', 'neutral'],
    ['This is not good', 'negative'],
    ['It is not bad', 'positive'],
  ])('%j is %s', (text, label) => {
    expect(sentimentOf(text).label).toBe(label);
  });

  test('stronger words count more, and a score never leaves -1 to 1', () => {
    const scores = ['slightly slow', 'slow', 'very slow', 'extremely slow'].map(
      (text) => sentimentOf(text).score,
    );

    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(new Set(scores).size).toBe(4);
    expect(sentimentOf('terrible '.repeat(500)).score).toBeGreaterThanOrEqual(-1);
    expect(sentimentOf('wonderful '.repeat(500)).score).toBeLessThanOrEqual(1);
  });

  test('what turns a word around stands within three words before it', () => {
    expect(sentimentOf('not so very good').score).toBeLessThan(0);
    expect(sentimentOf('not that anybody asked, good').score).toBeGreaterThan(0);
  });
});

describe('category', () => {
  test.each([
    ['The app crashes with an error', 'bug'],
    ['Loading takes minutes, so slow', 'performance'],
    ['My password leaked', 'security'],
    ['I was charged twice on my invoice', 'billing'],
    ['The menu is confusing, where is the button', 'usability'],
    ['Would you add an export option', 'feature-request'],
    ['Thanks, I love it', 'praise'],
    ['Hello there', 'other'],
  ])('%j is %s', (text, category) => {
    expect(categoryOf(text).category).toBe(category);
  });

  test('of two with as many words the graver one counts', () => {
    expect(categoryOf('password bug').category).toBe('security');
    expect(categoryOf('bug password').category).toBe('security');
  });

  test('more words make it surer, and nothing found is no confidence at all', () => {
    const one = categoryOf('it crashes').confidence;
    const two = categoryOf('it crashes with an error').confidence;

    expect(one).toBeLessThan(two);
    expect(two).toBe(1);
    expect(categoryOf('hello').confidence).toBe(0);
  });
});

describe('similarity', () => {
  const words = (text: string) => tellingWords(text);

  test('neither order, capitals, accents nor common words make a difference', () => {
    expect(words('The Export of Über-Tables is broken!')).toEqual(words('broken: über tables, EXPORT'));
  });

  test('two that have little to say are no duplicates of each other', () => {
    expect(similarityOf(words('too slow'), words('too slow'))).toBe(0);
    expect(similarityOf(words('export far too slow'), words('export far too slow'))).toBe(1);
  });

  test('the most similar counts, and of two that are as similar the first', () => {
    const known = [
      { feedbackId: 'other', words: words('invoice shows wrong address') },
      { feedbackId: 'close', words: words('export crashes every time today') },
      { feedbackId: 'first', words: words('export crashes every time since update') },
      { feedbackId: 'second', words: words('export crashes every time since update') },
    ];

    expect(originalOf(words('since update, export crashes every time'), known)).toEqual({
      originalId: 'first',
      similarity: 1,
    });
    expect(originalOf(words('dark mode looks unreadable'), known)).toBeUndefined();
  });
});

describe('priority', () => {
  test.each([
    ['security', -0.7, 'urgent'],
    ['security', 0.9, 'high'],
    ['bug', -0.7, 'high'],
    ['bug', -0.3, 'high'],
    ['bug', 0, 'normal'],
    ['usability', 0, 'normal'],
    ['feature-request', 0, 'low'],
    ['feature-request', -0.3, 'normal'],
    ['praise', -0.7, 'low'],
  ] as const)('%s at %d is %s', (category, score, priority) => {
    expect(priorityOf(category, score).priority).toBe(priority);
  });
});
