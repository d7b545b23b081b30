"""The simulator's page in a real browser: conversations, what was received, faults on and off.

Usage: simulator_page_test.py PROGRAM [SCREENSHOT], where PROGRAM is polyai-chat.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "target/debug/polyai-chat"
SCREENSHOT = sys.argv.pop(1) if len(sys.argv) > 1 else None
PATIENCE_SECONDS = 20
KEYS = {"POLYAI_API_KEY": "simulator-key", "POLYAI_TOKEN": "simulator-token"}


def browser():
    options = webdriver.ChromeOptions()
    # No sandbox: tests are often run by root, whom chromium refuses one.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = browser()

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()

    def setUp(self):
        self.simulator = subprocess.Popen([PROGRAM, "simulator"], stdout=subprocess.PIPE, text=True)
        self.url = self.simulator.stdout.readline().strip()
        self.driver.get(self.url)

    def tearDown(self):
        is_gone = self.simulator.poll() is not None
        complaints = [entry["message"] for entry in self.driver.get_log("browser")]
        self.simulator.terminate()
        self.simulator.wait()
        self.simulator.stdout.close()
        self.driver.get("about:blank")
        # The browser itself notes that a wrong fault was refused, and that the simulator is gone: how depends on how a connection fails.
        expected = re.compile("400 \\(Bad Request\\)" + f"|^{self.url}.*net::ERR_" * is_gone)
        self.assertEqual([text for text in complaints if not expected.search(text)], [])

    def until(self, condition):
        return WebDriverWait(self.driver, PATIENCE_SECONDS, poll_frequency=0.05).until(lambda _: condition())

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def chat(self, *messages):
        arguments = ["--base-url", self.url, "--account-id", "simulator-account", "--project-id", "simulator-project", "--json"]
        for message in messages:
            arguments += ["-m", message]
        done = subprocess.run(
            [PROGRAM, "chat", *arguments], env={**os.environ, **KEYS}, capture_output=True, text=True, check=False
        )
        return json.loads(done.stdout)

    def faults(self):
        with urllib.request.urlopen(self.url + "/_simulator/faults") as answer:
            return json.load(answer)

    def test_a_conversation_appears_while_one_looks(self):
        self.until(lambda: "0 conversations" in self.text("#counts"))
        self.assertIn(self.url, self.text("#no-conversations"))
        chatted = self.chat("Where is my order?", "Can I speak to a human, please?")
        self.until(lambda: "2 turns, closed" in self.text("#conversations"))
        self.assertIn(chatted["conversation_id"], self.text("#conversations"))
        said = [item.text.split("\n") for item in self.all("#transcript li")]
        self.assertEqual(said[0], ["agent", chatted["greeting"]])
        self.assertEqual(said[1], ["customer", "Where is my order?"])
        self.assertEqual(said[2], ["agent", chatted["turns"][0]["response"]])
        self.assertIn("returns-desk", self.text("#transcript-facts"))
        self.assertEqual(len(self.all("#received tr")), 4)

        summary = self.all("#received summary")[0]
        summary.send_keys(Keys.ENTER)
        self.until(lambda: "X-API-KEY: set" in self.text("#received details[open] pre"))
        self.chat("hello")
        self.until(lambda: len(self.all("#received tr")) == 7)
        self.assertEqual(len(self.all("#received details[open]")), 1, "what was opened stays open")

        self.driver.find_element(By.ID, "only-this").click()
        self.until(lambda: len(self.all("#received tr")) == 4)
        if SCREENSHOT:
            self.driver.save_screenshot(SCREENSHOT)

    def test_texts_are_shown_and_not_run(self):
        self.chat("<img src=x onerror=alert(1)>")
        self.until(lambda: "<img src=x onerror=alert(1)>" in self.text("#transcript"))
        self.assertEqual(self.all("#transcript img"), [])

    def test_a_fault_is_switched_on_and_off_by_keyboard(self):
        box = self.until(lambda: self.all("[data-fault='is answered with 503']"))[0]
        box.send_keys(Keys.SPACE)
        self.until(lambda: "503" in self.text("#faults"))
        self.assertEqual(self.chat("hello")["error"]["status"], 503)
        self.until(lambda: "happened once" in self.text("#faults"))
        box.send_keys(Keys.SPACE)
        self.until(lambda: self.text("#faults") == "")
        self.assertEqual(self.faults(), [])
        self.assertIsNone(self.chat("hello")["error"])

    def test_a_fault_of_ones_own_and_what_is_wrong_with_it(self):
        field = self.driver.find_element(By.ID, "own-fault-text")
        button = self.driver.find_element(By.CSS_SELECTOR, "#own-fault button")
        button.click()
        self.until(lambda: "after_turn" in self.text("#faults"))
        self.assertEqual(len(self.faults()), 1)
        for wrong, words in (("{", "no JSON"), ('{"action": {"delay": {}}}', "not faults")):
            field.clear()
            field.send_keys(wrong)
            button.click()
            self.until(lambda words=words: words in self.text("#own-fault-error"))
        self.driver.find_element(By.ID, "clear-faults").click()
        self.until(lambda: self.text("#faults") == "")
        self.assertEqual(self.faults(), [])

    def test_it_says_when_the_simulator_is_gone(self):
        self.simulator.terminate()
        self.simulator.wait()
        self.until(lambda: "does not answer" in self.text("#counts"))


if __name__ == "__main__":
    unittest.main()
