-- MySQL dump 10.13  Distrib 8.0.39, for Linux (x86_64)
--
-- Host: localhost    Database: app
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `id` int NOT NULL AUTO_INCREMENT,
  `code` varchar(20) DEFAULT NULL,
  `email` varchar(254) DEFAULT NULL,
  `name` varchar(100) DEFAULT NULL,
  `password_hash` varchar(100) DEFAULT NULL,
  `provider` varchar(20) DEFAULT NULL,
  `lang` varchar(5) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;

LOCK TABLES `users` WRITE;
/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` VALUES (1,'A-1','jane@example.org','Jane','$2b$12$aaaa',NULL,'en'),(2,'007','joe@example.net','Joe, \"the\" O\'Neil',NULL,'google','de'),(3,'7','sam@example.com','Sam \\ é😀','$2b$12$cccc','saml','en'),(4,'B-4',NULL,'Two\nlines','$2b$12$dddd','',NULL),(10,'8','neither@example.org',NULL,'!',NULL,'fr');
/*!40000 ALTER TABLE `users` ENABLE KEYS */;
UNLOCK TABLES;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;

-- Dump completed on 2026-09-08 12:00:00
