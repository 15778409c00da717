import { expect, test } from 'vitest';
import { translated } from './messages';
import chinese from './messages.zh-CN.json';

test('messages are translated with their values', () => {
  expect(translated('Detect no face, can not add it to face set.', chinese)).toBe('未检测到人脸，无法添加到人脸库。');
  expect(translated('The face set staff does not exist.', chinese)).toBe('人脸库 staff 不存在。');
  expect(translated('The value of the custom field age is not of its declared type integer.', chinese)).toBe(
    '自定义字段 age 的值不是声明的类型 integer。',
  );
});

test('a message without translation is unchanged', () => {
  expect(translated('Something else.', chinese)).toBe('Something else.');
  expect(translated('Detect no face, can not add it to face set.', {})).toBe(
    'Detect no face, can not add it to face set.',
  );
});

test('translations have as many values as the messages', () => {
  for (const [message, text] of Object.entries(chinese))
    expect(text.split('{}').length, message).toBe(message.split('{}').length);
});
